"""`/`: what this is and where to go. In production a page that says no more than that; in the demo the ways to everything."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, render_template
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from benefits.use_links import page_token
from models import Claim, Member, Partner, Privilege
from settings import Settings
from web.member.assets import asset
from wording import words

RUNNING = 10
"""Uses shown, the newest first."""


class Pin(NamedTuple):
    """A partner of the example data, and the PIN its staff types."""

    th: str
    en: str
    pin: str


class Use(NamedTuple):
    """A use whose code is shown at this moment."""

    account: str
    th: str
    en: str
    token: str
    partner: str


def pages(sessions: sessionmaker[Session], settings: Settings, now: Callable[[], datetime]) -> Blueprint:
    """The blueprint."""
    blueprint = Blueprint("start", __name__, template_folder="templates")

    @blueprint.get("/")
    def start() -> str:
        voices = [words("th"), words("en")]
        if settings.env != "demo":
            return render_template("start.html", voices=voices, asset=asset, demo=False)
        pins = tuple(_pins(settings.data_dir / "example" / "privileges.csv"))
        uses = _uses(sessions, now())
        told = {"phones": settings.line_api_url, "pins": pins, "uses": uses}
        return render_template("start.html", voices=voices, asset=asset, demo=True, **told)

    return blueprint


def _pins(file: Path) -> Iterator[Pin]:
    """Partners with a PIN, as the example data's file names them; none where there is no such file."""
    with suppress(OSError), file.open(encoding="utf-8-sig", newline="") as rows:
        seen = {row["partner"]: row for row in csv.DictReader(rows) if row.get("partner_pin")}
        for row in seen.values():
            yield Pin(row["partner_name_th"], row["partner_name_en"], row["partner_pin"])


def _uses(sessions: sessionmaker[Session], now: datetime) -> list[Use]:
    """What is being used at this moment, so that the partner's side can be tried without a camera."""
    query = (
        select(Claim, Member.external_id, Privilege, Partner.name_en)
        .join(Member, Member.id == Claim.member_id)
        .join(Privilege, Privilege.id == Claim.privilege_id)
        .join(Partner, Partner.id == Privilege.partner_id)
        .where(Claim.use_started_at.is_not(None), Claim.code_until > now)
        .order_by(Claim.use_started_at.desc())
        .limit(RUNNING)
    )
    try:
        with sessions() as session:
            return [
                Use(account, privilege.name_th, privilege.name_en, page_token(session, claim), partner)
                for claim, account, privilege, partner in session.execute(query)
            ]
    except SQLAlchemyError:
        return []
