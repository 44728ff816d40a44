"""Two offers go out while hosts break: one in calls of five hundred, one in calls of a single person each."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import psycopg
from sqlalchemy.orm import Session

from benefits.offers import drafting
from clubs import Club
from simulator import Simulator
from simulator.line import Line
from tests.faults.scaleout.reckoning import Account
from tests.rules.offers.books import colleague, content

TO_ALL, TO_EACH = "ข่าวถึงทุกคน", "ข่าวถึงคุณ"
SAID = {
    TO_ALL: {"kind": "text", "th": TO_ALL, "en": "News for everybody"},
    TO_EACH: {"kind": "text", "th": TO_EACH + " {name|ลูกค้า}", "en": "News for {name|you}"},
}
OPEN = "SELECT count(*) FROM offers WHERE state IN ('approved', 'preparing', 'sending', 'paused')"
BATCHES = (
    "SELECT state, CAST(coalesce(sum(size), 0) AS bigint), count(*) FROM offer_batches WHERE offer_id = %s GROUP BY 1"
)
LEFT_OUT = "SELECT count(*) FROM offer_recipients WHERE offer_id = %s AND state <> 'batched'"


def approved(session: Session, club: Club, now: datetime, seconds: int, people: int) -> dict[str, int]:
    """Both offers, written by one colleague and approved by another; the ids by what they say. The personal one is paced
    to go on for most of the time that hosts break."""
    author, approver = colleague(session, "marketer", name="May"), colleague(session, "approver", name="Boy")
    found = {}
    for words, pace in ((TO_ALL, 1000), (TO_EACH, max(1, int(people / seconds * 1.3)))):
        offer = drafting.create(session, club=club, name=words, by=author.id, now=now)
        said = content(SAID[words])
        drafting.change(session, offer=offer, by=author.id, now=now, content=said, hold_back_minutes=0, pace=pace)
        drafting.ask(session, club=club, offer=offer, by=author.id, now=now)
        drafting.approve(session, offer=offer, by=approver.id, digest=offer.digest, now=now, via="console")
        found[words] = offer.id
    session.commit()
    return found


def over(database_url: str) -> bool:
    """Whether both have ended."""
    with psycopg.connect(database_url) as db:
        row = db.execute(OPEN).fetchone()
    return row == (0,)


def reckon(database_url: str, line: Simulator, offers: dict[str, int], friends: int, account: Account) -> None:
    """Each friend has each offer once, and the books say so."""
    for words, offer_id in offers.items():
        with psycopg.connect(database_url) as db:
            found = {state: (people, calls) for state, people, calls in db.execute(BATCHES, [offer_id])}
            left_out = (db.execute(LEFT_OUT, [offer_id]).fetchone() or (0,))[0]
            state = (db.execute("SELECT state FROM offers WHERE id = %s", [offer_id]).fetchone() or ("",))[0]
        heard = line.do(_heard, words)
        calls = sum(n for _, n in found.values())
        account.must(f"“{words}”: state, after {calls} calls", state, "done")
        account.must("   people LINE took it for, by our books", found.get("accepted", (0, 0))[0], friends - left_out)
        account.must("   people who have it on the phone", len(heard), friends - left_out)
        account.must("   people who have it twice", sum(n > 1 for n in heard.values()), 0)


def _heard(platform: Line, words: str) -> Counter[str]:
    return Counter(
        user
        for user, person in platform.people.items()
        for entry in person.entries or []
        if entry.origin == "bot" and str(entry.message.get("text", "")).startswith(words)
    )
