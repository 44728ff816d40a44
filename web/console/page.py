"""The base of every page of the console: who looks, at which club, in which language, and what stands around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from flask import Response, abort, current_app, flash, g, redirect, render_template, request, session
from flask_admin import BaseView
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from benefits.journal import note
from benefits.staff import roles_in
from clubs import Club
from models import Staff
from web.console.access import EVERY_ROLE, roles_of
from web.console.desk import Console
from web.console.security import colleague
from wording import Words, words

LANGUAGES = ("th", "en")
Row = TypeVar("Row")


class Link(NamedTuple):
    """One line of the sidebar."""

    title: str
    url: str
    here: bool


def console_of() -> Console:
    """The console of the present application."""
    found: Console = current_app.extensions["console"]
    return found


def present_staff() -> Staff | None:
    """Who is signed in; None on the pages before that."""
    found = colleague()
    return found.staff if found else None


def present_language() -> str:
    """Hers; before the sign-in the one chosen there; Thai."""
    staff = present_staff()
    chosen = staff.language if staff else session.get("language")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def clubs_of(console: Console, staff: Staff) -> list[Club]:
    """The clubs in which she is something, in the order of the installation."""
    return [club for key, club in console.clubs.items() if roles_in(staff, key)]


def present_club() -> Club | None:
    """The club she chose, while she is something in it; else her first."""
    staff = present_staff()
    hers = clubs_of(console_of(), staff) if staff else []
    return next((club for club in hers if club.key == session.get("club")), hers[0] if hers else None)


def present_roles() -> frozenset[str]:
    """What she is in the present club, asked of the database at this request (B10)."""
    if "console_roles" not in g:
        staff, club = present_staff(), present_club()
        g.console_roles = roles_in(staff, club.key) if staff and club else frozenset()
    found: frozenset[str] = g.console_roles
    return found


def shown(template: str, status: int = 200, **facts: Any) -> Response:
    """A page around `template`, with everything the layout needs."""
    console, staff, club = console_of(), present_staff(), present_club()
    found = colleague()
    facts = {
        "t": words(present_language()),
        "language": present_language(),
        "languages": [("th", "ไทย"), ("en", "English")],
        "console": console,
        "staff": staff,
        "whole": found is not None and found.whole,
        "club": club,
        "clubs": clubs_of(console, staff) if staff else [],
        "roles": present_roles(),
        "menu": menu() if found is not None and found.whole else [],
        "demo": console.settings.env == "demo",
        "now": console.now(),
        **facts,
    }
    return Response(render_template(template, **facts), status)


def csrf_field() -> Markup:
    """The token of a form; every POST needs one (C12)."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def role_names(t: Words, roles: Iterable[str]) -> list[str]:
    """Roles as people call them, in the order of the house."""
    names = {
        "viewer": t("Viewer"),
        "support": t("Support"),
        "marketer": t("Marketer"),
        "approver": t("Approver"),
        "finance": t("Finance"),
        "admin": t("Administrator"),
        "auditor": t("Auditor"),
    }
    held = frozenset(roles)
    return [name for role, name in names.items() if role in held]


def menu() -> list[tuple[str, list[Link]]]:
    """The sidebar: sections and their pages, as far as she may open them."""
    t, roles = words(present_language()), present_roles()
    headings = {
        "": "",
        "members": t("Members"),
        "privileges": t("Privileges"),
        "offers": t("Offers"),
        "club": t("The club"),
        "house": t("The console"),
    }
    sections: dict[str, list[tuple[int, Link]]] = {key: [] for key in headings}
    for page in current_app.extensions["admin"][0]._views:
        if page.in_menu and roles & (roles_of(getattr(page, page._default_view)) or frozenset()):
            url = f"{page.url}/"
            here = request.path == url or (page.url != "/console" and request.path.startswith(url))
            sections[page.section].append((page.position, Link(page.title(t), url, here)))
    return [(headings[key], [link for _, link in sorted(links)]) for key, links in sections.items() if links]


class Page(BaseView):
    """One page, or one record's pages, of the console. Subclasses set `endpoint_name`, say `title`, and `@expose("/")`.

    In a request: `self.club`, `self.staff`, `self.roles`, `self.t` (her language), `self.session` (for reading),
    `self.now` (UTC). What changes something goes through `benefits` in `with self.console.sessions.begin() as session`.
    """

    endpoint_name = ""
    """The last part of the address: `/console/<endpoint_name>/`, and the endpoint's name."""
    section = ""
    """Of the sidebar: members, privileges, offers, club, house."""
    position = 50
    """Within the section, small first."""
    in_menu = True
    allowed: Mapping[str, tuple[str, ...]] = {}
    """Entries for methods that were inherited; methods of one's own carry `@allow`."""

    def __init__(self, console: Console, **options: Any) -> None:
        self.console = console
        name = options.pop("endpoint", None) or self.endpoint_name or type(self).__name__.lower()
        super().__init__(name=name, endpoint=name, **options)

    def title(self, t: Words) -> str:
        """What the sidebar and the page's head call it."""
        raise NotImplementedError

    @property
    def club(self) -> Club:
        """The present club. 404 for somebody who is nothing anywhere."""
        return present_club() or abort(404)

    @property
    def staff(self) -> Staff:
        """The colleague who asks."""
        return present_staff() or abort(403)

    @property
    def roles(self) -> frozenset[str]:
        """What she is in the present club."""
        return present_roles()

    @property
    def t(self) -> Words:
        """Her language's voice."""
        return words(present_language())

    @property
    def session(self) -> Session:
        """The request's database session, for reading."""
        return self.console.scoped()

    @property
    def now(self) -> datetime:
        """UTC, the time rules go by."""
        return self.console.now()

    @property
    def actor(self) -> tuple[str, int]:
        """The colleague, as the journal names her."""
        return "staff", self.staff.id

    def may(self, *roles: str) -> bool:
        """Whether she holds one of `roles` in the present club."""
        return bool(self.roles & (frozenset(roles) & EVERY_ROLE))

    def find(self, model: type[Row], row_id: int, session: Session | None = None) -> Row:
        """The row of the present club; 404 when it is another club's or nobody's (B5)."""
        row = (session or self.session).get(model, row_id) if 0 < row_id < 2**63 else None
        if row is None or getattr(row, "club", None) != self.club.key:
            abort(404)
        return row

    def note(self, session: Session, action: str, subject: tuple[str, int | None], **facts: Any) -> None:
        """A line in the present club's journal, by her, in the caller's transaction."""
        note(session, club=self.club.key, at=self.now, action=action, subject=subject, actor=self.actor, **facts)

    def show(self, template: str, status: int = 200, **facts: Any) -> Response:
        """The page around `console/…html`, with `page`, `t`, `club`, `staff`, `roles`, `now` and your facts."""
        return shown(template, status, **{"page": self, "title": self.title(self.t), **facts})

    def render(self, template: str, **facts: Any) -> Response:
        """The same, under Flask-Admin's name."""
        return self.show(template, **facts)

    def done(self, told: str, where: str | None = None, kind: str = "good") -> Answer:
        """After a deed: say what happened (`kind`: good, warn, bad) on the page it leads to, this record's list by default."""
        flash(told, kind)
        return redirect(where or f"{self.url}/", 303)
