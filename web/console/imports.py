"""Files handed in: taken or refused at once, imported in the background with a bar, and what was rejected to fetch."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, abort, jsonify, request, stream_with_context
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Answer

from benefits import uploads
from benefits.imports import FileRefused
from models import Import, Staff, Upload
from web.console import csvs
from web.console.access import allow
from web.console.desk import Console
from web.console.import_words import STATE_TONES, kind_name, refused_sentence, state_name, told
from web.console.page import Page
from web.console.records import Column, Filter, Records
from wording import Words

MAY: dict[str, tuple[str, ...]] = {
    "accounts": ("admin",),
    "admins": ("admin",),
    "charges": ("finance", "admin"),
    "privileges": ("marketer", "admin"),
    "codes": ("marketer", "admin"),
}
"""Who may hand in which kind of file, and fetch its rejected rows: these may name people."""
HANDERS = ("marketer", "finance", "admin")


def views(console: Console) -> list[Page]:
    """What was handed in here, and every import there was."""
    return [Imports(console), ImportHistory(console)]


class Imports(Records):
    """Files handed in."""

    endpoint_name = "imports"
    section = "club"
    position = 40
    model = Upload
    list_template = "console/imports.html"
    details_template = "console/import.html"

    def title(self, t: Words) -> str:
        """Imports."""
        return t("Imports")

    def empty(self, t: Words) -> str:
        """What will stand here."""
        return t("No file was handed in yet. Each will stand here with what came of it.")

    def columns(self, t: Words) -> list[Column]:
        """File, kind, state, rows, when, by whom."""
        return [
            Column("file", t("File"), lambda row: row.file_name, Upload.file_name),
            Column("kind", t("Kind"), lambda row: kind_name(row.kind, t), Upload.kind),
            Column(
                "state", t("State"), lambda row: self._tag(row, t), Upload.state, lambda row: state_name(row.state, t)
            ),
            Column("told", t("What came of it"), lambda row: told(row, self._imports.get(row.import_id), t)),
            Column("asked", t("Handed in"), lambda row: t.moment(row.asked_at), Upload.asked_at),
            Column("by", t("By"), lambda row: self._names.get(row.by_staff, "")),
        ]

    def search_in(self) -> list[Any]:
        """File names."""
        return [Upload.file_name]

    def filters(self, t: Words) -> list[Filter]:
        """Kind."""
        return [Filter("kind", t("Kind"), [(kind, kind_name(kind, t), Upload.kind == kind) for kind in MAY])]

    def prepare(self, rows: Any) -> None:
        """Whose they are and what came of them, at once."""
        names = select(Staff.id, Staff.name).where(Staff.id.in_({row.by_staff for row in rows}))
        self._names: dict[int, str] = {row.id: row.name for row in self.session.execute(names)}
        found = select(Import).where(Import.id.in_({row.import_id for row in rows if row.import_id is not None}))
        self._imports: dict[int | None, Import] = {row.id: row for row in self.session.scalars(found)}

    def name_of(self, row: Upload, t: Words) -> str:
        """The file."""
        return row.file_name

    def facts(self, row: Upload, t: Words) -> list[tuple[str, object]]:
        """Kind, size, times, and the counts when there are any."""
        size = t("{n} KB", n=t.number(-(-row.size // 1024)))
        said: list[tuple[str, object]] = [
            (t("Kind"), kind_name(row.kind, t)),
            (t("State"), self._tag(row, t)),
            (t("Size"), size),
            (
                t("Handed in"),
                t("{moment} by {name}", moment=t.moment(row.asked_at), name=self._names.get(row.by_staff, "")),
            ),
        ]
        if row.finished_at:
            said.append((t("Finished"), t.moment(row.finished_at)))
        counted = self._imports.get(row.import_id)
        if counted is not None:
            said += [
                (t("Rows that changed something"), t.number(counted.landed)),
                (t("Rows that were here already"), t.number(counted.unchanged)),
                (t("Rejected rows"), t.number(counted.rejected)),
            ]
        return said

    def extra(self, row: Upload) -> dict[str, Any]:
        """How far it is, its notes, and whether its rejected rows can be fetched."""
        return {
            "sentence": told(row, self._imports.get(row.import_id), self.t),
            "open": row.state in uploads.OPEN,
            "tone": STATE_TONES[row.state],
            "warnings": row.facts.get("warnings", []),
            "rejects": row.has_rejects and self.may(*MAY[row.kind]),
        }

    @expose("/new", methods=["GET", "POST"])
    @allow(*HANDERS)
    def new(self) -> Response | Answer:
        """Choose a kind and a file; POST takes it, or says at once why not."""
        kind = request.values.get("kind", "")
        if request.method == "GET":
            return self._form(kind)
        if kind not in MAY:
            return self._form("", kind_fault=self.t("Choose what the file holds."), status=400)
        if not self.may(*MAY[kind]):
            abort(403)
        file = request.files.get("file")
        if file is None or not file.filename:
            return self._form(kind, self.t("Choose a file."), status=400)
        try:
            row, is_new = self._taken(kind, file)
        except FileRefused as refused:
            return self._form(kind, refused_sentence(refused.what, refused.facts, str(refused), self.t), status=400)
        self.console.ring("uploads")
        if not is_new:
            return self.done(self.t("This very file is in line already. Here it is."), f"{self.url}/{row.id}", "warn")
        return self.done(self.t("The file is taken and will be imported in a moment."), f"{self.url}/{row.id}")

    @expose("/<int:row_id>/progress")
    @allow(*HANDERS, "viewer", "support", "approver", "auditor")
    def progress(self, row_id: int) -> Response:
        """How far it is, for the page that waits."""
        row = self.one(row_id)
        self.prepare([row])
        sentence = told(row, self._imports.get(row.import_id), self.t)
        return jsonify(over=row.state not in uploads.OPEN, sentence=sentence, step=row.done, of=max(row.total, 1))

    @expose("/<int:row_id>/rejects.csv")
    @allow(*HANDERS)
    def rejects(self, row_id: int) -> Response:
        """The rejected rows with line and reason, as CSV that no spreadsheet computes (B11). Mended, it can be handed in."""
        row = self.one(row_id)
        if not self.may(*MAY[row.kind]):
            abort(403)
        place = uploads.place_of(self.console.settings.data_dir / "uploads", row) / uploads.REJECTS
        if not row.has_rejects or not place.is_file():
            abort(404)
        with self.console.sessions.begin() as session:
            self.note(session, "rejects_fetched", ("upload", row.id), kind=row.kind)

        def rows() -> Iterator[list[str]]:
            with place.open(encoding="utf-8", newline="") as file:
                yield from csv.reader(file)

        answer = Response(stream_with_context(csvs.lines(rows())), content_type="text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = f'attachment; filename="{row.kind}-{row.id}-rejects.csv"'
        return answer

    def _taken(self, kind: str, file: FileStorage) -> tuple[Upload, bool]:
        received = uploads.receive(self.console.settings.data_dir / "uploads", file.stream, file.filename or "")
        kept = False
        try:
            with self.console.sessions.begin() as session:
                row, kept = uploads.accept(
                    session,
                    club=self.club,
                    kind=kind,
                    received=received,
                    complete=bool(request.form.get("complete")),
                    by=self.staff.id,
                    now=self.now,
                )
            return row, kept
        finally:
            # A commit whose answer was lost may have happened: then the file stays, and is tidied away if nobody wants it.
            if not kept:
                uploads.discard(received)

    def _form(self, kind: str, fault: str = "", kind_fault: str = "", status: int = 200) -> Response:
        kinds = [(key, kind_name(key, self.t), uploads.COLUMNS[key]) for key in MAY if self.may(*MAY[key])]
        most, title = uploads.LARGEST // uploads.BLOCK, self.t("Hand in a file")
        return self.show(
            "console/import_new.html",
            status,
            kinds=kinds,
            kind=kind,
            fault=fault,
            kind_fault=kind_fault,
            most=most,
            title=title,
        )

    def _tag(self, row: Upload, t: Words) -> Markup:
        return Markup('<span class="tag {}">{}</span>').format(STATE_TONES[row.state], state_name(row.state, t))


class ImportHistory(Records):
    """Every import, those by command among them."""

    endpoint_name = "imports-done"
    section = "club"
    in_menu = False
    model = Import
    allowed: Mapping[str, tuple[str, ...]] = {
        "index": ("finance", "admin", "auditor", "marketer"),
        "export": ("finance", "admin", "auditor"),
    }

    def title(self, t: Words) -> str:
        """All imports."""
        return t("Every import, also by command")

    def columns(self, t: Words) -> list[Column]:
        """Kind, file, times, counts."""
        return [
            Column("kind", t("Kind"), lambda row: kind_name(row.kind, t), Import.kind),
            Column("file", t("File"), lambda row: row.file_name, Import.file_name),
            Column("begun", t("Begun"), lambda row: t.moment(row.started_at), Import.started_at),
            Column(
                "ended",
                t("Finished"),
                lambda row: t.moment(row.finished_at) if row.finished_at else t("Broke off, or runs"),
            ),
            Column("landed", t("Changed"), lambda row: row.landed, Import.landed, number=True),
            Column("unchanged", t("Here already"), lambda row: row.unchanged, Import.unchanged, number=True),
            Column("rejected", t("Rejected"), lambda row: row.rejected, Import.rejected, number=True),
        ]
