"""What every page of a claim needs: the claim behind a token, its club, a voice, and the answer to a wrong token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, abort, make_response, render_template, request
from sqlalchemy.orm import Session, sessionmaker

from benefits.use_links import UnknownLink, claim_of_token
from clubs import Club
from models import Claim, Partner, Privilege
from settings import Settings
from wording import words

NAMES = {"th": "ไทย", "en": "English", "ru": "Русский"}
TOKEN_LONGEST = 200


@dataclass(frozen=True)
class Visit:
    """One claim, asked for by its token: open for as long as its session is."""

    session: Session
    claim: Claim
    """With its privilege and that one's partner loaded."""
    club: Club
    token: str
    now: datetime

    def label(self, thing: Privilege | Partner, field: str, language: str) -> str:
        """`name_th` or `name_en` (and so on) of a privilege or partner; Thai where a language has none."""
        return str(getattr(thing, f"{field}_{language}", "") or getattr(thing, f"{field}_th"))


@dataclass(frozen=True)
class Desk:
    """Where the pages of claims get everything from."""

    sessions: sessionmaker[Session]
    clubs: Mapping[str, Club]
    settings: Settings
    now: Callable[[], datetime]

    @contextmanager
    def visit(self, token: str) -> Iterator[Visit]:
        """The claim of `token`; one and the same 404 for a token forged, altered, outlived or of a club not served here."""
        with self.sessions() as session:
            try:
                claim = claim_of_token(session, token if len(token) <= TOKEN_LONGEST else "")
            except UnknownLink:
                abort(404)
            club = self.clubs.get(claim.privilege.club)
            if club is None:
                abort(404)
            yield Visit(session, claim, club, token, self.now())

    def partner_url(self, token: str) -> str:
        """What the QR leads to."""
        return f"{self.settings.public_url}/partner/{token}"


def chosen(club: Club, usual: str | None) -> str:
    """The language of `?lang=`, else `usual`, where the club speaks it; else the club's first."""
    for language in (request.args.get("lang"), usual):
        if language in club.languages:
            return str(language)
    return club.languages[0]


def shown(template: str, visit: Visit, language: str, status: int = 200, **facts: Any) -> Response:
    """A page of the claim in `language`, written to be kept by nobody."""
    privilege = visit.claim.privilege
    body = render_template(
        template,
        t=words(language),
        language=language,
        languages=[(other, NAMES[other]) for other in visit.club.languages],
        club_name=visit.club.say(visit.club.name, language),
        contact=visit.club.say(visit.club.contact, language),
        claim=visit.claim,
        privilege=privilege,
        name=visit.label(privilege, "name", language),
        conditions=visit.label(privilege, "conditions", language),
        partner=visit.label(privilege.partner, "name", language),
        account=visit.claim.member.name,
        now=visit.now,
        token=visit.token,
        **facts,
    )
    return make_response(body, status)


def milliseconds(when: datetime) -> int:
    """An instant as browsers count it."""
    return round(when.timestamp() * 1000)
