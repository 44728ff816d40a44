"""A privilege's card before anybody sees it in the chat: the same card, also of a draft that is in no database."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clubs import Club
from handlers.previewing import privilege_card, privilege_in_list
from models import Member, Partner, Person, Privilege
from tests.factories import NOON


def draft(**values: object) -> Privilege:
    """A privilege being written."""
    partner = Partner(club="family_club", key="cafe", name_th="ร้านกาแฟ", name_en="Café")
    texts = {"name_th": "ลาเต้ฟรี", "name_en": "Free latte", "about_th": "แก้วเล็ก", "about_en": "A small cup"}
    plain = {"conditions_th": "", "conditions_en": "", "tiers": ["gold"], "scope": "account", "claim_limit": 1}
    rest = {"new_members_only": False, "redeem": "code", "pooled": False, "taken": 0}
    return Privilege(id=0, club="family_club", key="latte", partner=partner, **{**texts, **plain, **rest, **values})


def test_a_draft_is_drawn_as_the_chat_would(session: Session, club: Club) -> None:
    """In both languages, its picture where it will be served, and nothing is written."""
    wanted: dict[str, Any] = {"public_url": "https://club.example.com", "now": NOON}
    thai = privilege_card(session, club, draft(picture="cup.jpg"), "th", **wanted)
    english = privilege_card(session, club, draft(stock=30, taken=2), "en", **wanted)
    assert thai["contents"]["hero"]["url"] == "https://club.example.com/media/pictures/cup.jpg"
    assert "ลาเต้ฟรี" in json.dumps(thai, ensure_ascii=False)
    told = json.dumps(english)
    assert "A small cup" in told
    assert "28 left" in told
    assert "Ready" in told
    assert "quickReply" not in thai
    session.flush()
    assert session.scalar(select(func.count()).select_from(Privilege)) == 0
    assert [session.scalar(select(func.count()).select_from(table)) for table in (Person, Member, Partner)] == [0, 0, 0]


def test_a_window_that_is_not_open_shows(session: Session, club: Club) -> None:
    """The preview does not promise what the chat would refuse."""
    later = draft(claim_from=NOON + timedelta(days=5))
    card = privilege_in_list(session, club, later, "en", public_url="", now=NOON)
    assert card["contents"]["type"] == "bubble"
    assert card["contents"]["hero"]["url"] == "/media/pictures/latte.png"
    assert "17 Nov 2026" in json.dumps(card)
