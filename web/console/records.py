"""Lists of records: search, filters, sorting, paging, one record's page, and a CSV that is safe for spreadsheets (B11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, request, stream_with_context
from flask_admin import expose
from sqlalchemy import ColumnElement, Select, func, inspect, or_, select
from sqlalchemy.orm import Session

from benefits.periods import day_of
from web.console import csvs
from web.console.access import MARK, READERS
from web.console.page import Page
from wording import Words

PAGE_SIZE = 50
COUNT_TO = 10_000
"""Rows are counted no further: "more than 10,000" is as good to know, and much cheaper."""
LIKE_SPECIAL = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


@dataclass(frozen=True)
class Column:
    """One column: its key in the address, its heading, how a row is shown, and what it is sorted by (None: it is not)."""

    key: str
    heading: str
    cell: Callable[[Any], object]
    """Text, a number, None, or Markup made by you from escaped parts."""
    sort: Any = None
    export: Callable[[Any], object] | None = None
    """For the CSV; by default what is shown. `None` as a value is an empty cell."""
    number: bool = False
    """Aligned to the right."""


@dataclass(frozen=True)
class Filter:
    """A choice above the list: its key in the address, its label, and for each option (value, label, condition)."""

    key: str
    label: str
    options: Sequence[tuple[str, str, ColumnElement[bool]]]


@dataclass(frozen=True)
class Found:
    """One page of a list."""

    rows: Sequence[Any]
    total: int
    page: int
    more_than: bool

    @property
    def pages(self) -> int:
        """How many pages there are, as far as they were counted."""
        return max(1, -(-self.total // PAGE_SIZE))


class Records(Page):
    """A list of one model's rows in the present club. Subclasses set `model`, `title`, `columns`, and what else they need.

    Read-only. `allowed` names who may open `index` (the list), `details` and `export`; an endpoint without roles is not
    there at all.
    """

    model: type[Any]
    allowed: Mapping[str, tuple[str, ...]] = {"index": READERS, "details": READERS, "export": READERS}
    default_sort = "-id"
    list_template = "console/list.html"
    details_template = "console/details.html"

    def __init__(self, console: Any, **options: Any) -> None:
        exposed: list[tuple[str, str, Any]] = getattr(type(self), "_urls")  # noqa: B009 (set by a metaclass)
        self._urls = [entry for entry in exposed if entry[1] in self._open()]
        super().__init__(console, **options)

    def _open(self) -> set[str]:
        own = {name for name in dir(type(self)) if hasattr(getattr(type(self), name, None), MARK)}
        return own | {name for name, roles in self.allowed.items() if roles}

    def columns(self, t: Words) -> list[Column]:
        """The list's columns, the first leads to the record."""
        raise NotImplementedError

    def search_in(self) -> list[Any]:
        """Columns the search looks in, for any part; none: there is no search."""
        return []

    def filters(self, t: Words) -> list[Filter]:
        """The choices above the list."""
        return []

    def query(self) -> Select[Any]:
        """The rows of the present club. Override to join or restrict; keep the club."""
        return select(self.model).where(self.model.club == self.club.key)

    def name_of(self, row: Any, t: Words) -> str:
        """What one record is called, in its page's head."""
        return f"{self.title(t)} {row.id}"

    def facts(self, row: Any, t: Words) -> list[tuple[str, object]]:
        """Label and value for the record's page; by default the list's columns."""
        return [(column.heading, column.cell(row)) for column in self.columns(t)]

    def extra(self, row: Any) -> dict[str, Any]:
        """More for `details_template`."""
        return {}

    def empty(self, t: Words) -> str:
        """What an empty list says: what will stand here, and how it comes."""
        return t("Nothing is here yet.")

    def prepare(self, rows: Sequence[Any]) -> None:
        """Called with the rows of one page, or of one chunk of the export, before cells are made: look things up at once."""

    @expose("/")
    def index(self) -> Response:
        """The list. `?q=` searches, `?sort=key` or `-key`, `?page=2`, and each filter by its key."""
        t = self.t
        columns, filters = self.columns(t), self.filters(t)
        found = self._page(self._chosen(filters), columns)
        return self.show(
            self.list_template,
            columns=columns,
            filters=filters,
            found=found,
            cells=[[column.cell(row) for column in columns] for row in found.rows],
            searched=request.args.get("q", ""),
            chosen={each.key: request.args.get(each.key, "") for each in filters},
            sort=self._sort(columns),
            link=self._link,
            empty=self.empty(t),
            can_search=bool(self.search_in()),
            details=self._may_open("details"),
            export=self._may_open("export"),
        )

    @expose("/<int:row_id>")
    def details(self, row_id: int) -> Response:
        """One record."""
        row = self.one(row_id)
        self.prepare([row])
        t = self.t
        return self.show(
            self.details_template, row=row, title=self.name_of(row, t), facts=self.facts(row, t), **self.extra(row)
        )

    @expose("/export.csv")
    def export(self) -> Response:
        """The list as it is filtered, whole, as CSV; its journal line says how it was filtered, not for whom was searched."""
        t = self.t
        columns, filters = self.columns(t), self.filters(t)
        query = self._sorted(self._chosen(filters), columns)
        kept = {each.key: request.args[each.key] for each in filters if request.args.get(each.key)}
        with self.console.sessions.begin() as session:
            self.note(session, "exported", (self.endpoint, None), filters=kept, searched=bool(request.args.get("q")))
        name = f"{self.endpoint}-{day_of(self.now)}.csv"
        answer = Response(
            stream_with_context(csvs.lines(self._rows(query, columns))), content_type="text/csv; charset=utf-8"
        )
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    def one(self, row_id: int, session: Session | None = None) -> Any:
        """The record, if this list could show it; else 404 (B5)."""
        if not 0 < row_id < 2**63:
            abort(404)
        found = (session or self.session).execute(self.query().where(self.model.id == row_id)).unique().first()
        return found[0] if found is not None else abort(404)

    def _may_open(self, name: str) -> bool:
        return name in self._open() and self.may(*self.allowed.get(name, ()))

    def _chosen(self, filters: list[Filter]) -> Select[Any]:
        """The query under the search and the filters of the address; a value that is not an option shows nothing."""
        query = self.query()
        for each in filters:
            value = request.args.get(each.key)
            if value:
                condition = next((found for key, _, found in each.options if key == value), None)
                query = query.where(condition if condition is not None else self.model.id < 0)
        places = self.search_in()
        for word in request.args.get("q", "")[:100].split() if places else []:
            pattern = f"%{word.translate(LIKE_SPECIAL)}%"
            query = query.where(or_(*(place.ilike(pattern, escape="\\") for place in places)))
        return query

    def _sort(self, columns: list[Column]) -> str:
        asked = request.args.get("sort", "")
        known = {column.key for column in columns if column.sort is not None}
        return asked if asked.removeprefix("-") in known else self.default_sort

    def _sorted(self, query: Select[Any], columns: list[Column]) -> Select[Any]:
        sort = self._sort(columns)
        by = next((column.sort for column in columns if column.key == sort.removeprefix("-")), None)
        if by is None:
            by = getattr(self.model, sort.removeprefix("-"))
        key = inspect(self.model).primary_key[0]
        down = sort.startswith("-")
        first = by.desc() if down else by.asc()
        if getattr(by, "nullable", True):
            first = first.nulls_last()  # said of every column it would keep the index of most from being used
        return query.order_by(first, key.desc() if down else key.asc())

    def _page(self, query: Select[Any], columns: list[Column]) -> Found:
        counted = query.with_only_columns(self.model.id).order_by(None).limit(COUNT_TO + 1).subquery()
        total = self.session.scalar(select(func.count()).select_from(counted)) or 0
        asked = request.args.get("page", "1")
        page = min(max(1, int(asked) if asked.isdecimal() and len(asked) < 6 else 1), max(1, -(-total // PAGE_SIZE)))
        chosen = self._sorted(query, columns).offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)
        rows = [found[0] for found in self.session.execute(chosen).unique()]
        self.prepare(rows)
        return Found(rows, min(total, COUNT_TO), page, total > COUNT_TO)

    def _rows(self, query: Select[Any], columns: list[Column]) -> Iterator[list[object]]:
        yield [column.heading for column in columns]
        with self.console.sessions() as session:
            for rows in session.execute(query.execution_options(yield_per=1000)).partitions():
                chunk = [found[0] for found in rows]
                self.prepare(chunk)
                for row in chunk:
                    yield [(column.export or column.cell)(row) for column in columns]
                session.expunge_all()

    def _link(self, **changed: object) -> str:
        """The present address with some of its parameters changed; one that becomes None goes, and `page` with any change."""
        kept = {key: value for key, value in request.args.items() if key != "page"}
        kept |= {key: str(value) for key, value in changed.items() if value is not None}
        for key, value in changed.items():
            if value is None:
                kept.pop(key, None)
        return "?" + urlencode(kept)
