"""An offer that is due, a crowd that may get it, and what arrived on their phones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from benefits.offers import budget
from benefits.offers.digest import digest_of
from clubs import Club
from jobs.offering import Offering
from jobs.wiring import make_offering
from models import Offer, Staff
from simulator import Simulator
from simulator.people import Person as Phone
from tests.conversations.chat import CLUB, World
from tests.factories import NOON

MULTICAST, PUSH, QUOTA = "/v2/bot/message/multicast", "/v2/bot/message/push", "/v2/bot/message/quota"
HELLO = {"parts": [{"kind": "text", "th": "กาแฟฟรี", "en": "Free coffee"}], "languages": ["th", "en"]}
PERSONAL = {
    "parts": [{"kind": "text", "th": "สวัสดี {stars|เพื่อน}", "en": "Hello {stars|friend}"}],
    "languages": ["th", "en"],
}

FRIENDS = text("""
INSERT INTO people (club, line_user_id, friend, language, created_at)
SELECT :club, 'U' || lpad(to_hex(n), 32, '0'), true, :language, :now FROM generate_series(CAST(:first AS int), :last) n
""")
OUTCOMES = text("""
SELECT state, count(*), coalesce(sum(size), 0) FROM offer_batches WHERE offer_id = :offer GROUP BY state
""")
LEFT_OUT = text("SELECT state, count(*) AS n FROM offer_recipients WHERE offer_id = :offer GROUP BY state")


@dataclass
class Stage:
    """A running program, a LINE platform, a crowd with phones, and one offer."""

    world: World
    offer_id: int = 0

    @property
    def line(self) -> Simulator:
        """The LINE platform."""
        return self.world.line

    @property
    def club(self) -> Club:
        """The club that sends."""
        return self.world.parts.clubs[CLUB]

    def job(self, **more: Any) -> Offering:
        """The job as a process has it; `chance` stands in the middle."""
        job = make_offering(self.world.parts, patience=0.0)
        job.chance = lambda: 0.5
        for name, value in more.items():
            setattr(job, name, value)
        return job

    def crowd(self, count: int, *, first: int = 1, language: str = "th", phones: bool = True) -> None:
        """So many friends with ids from `first` on, on both sides."""
        values = {"club": CLUB, "language": language, "now": NOON, "first": first, "last": first + count - 1}
        with self.world.parts.sessions.begin() as session:
            session.execute(FRIENDS, values)
        if phones:
            self.line.do(_phones, first, count, language)

    def uncapped(self) -> None:
        """No frequency cap and no quiet hours: a test may send as often as it likes."""
        with self.world.parts.sessions.begin() as session:
            row = budget.of(session, self.club)
            row.cap_days, row.quiet_from, row.quiet_to = 0, 0, 0

    def after(self, calls: int, act: Callable[[], Any]) -> None:
        """Once LINE has accepted so many multicasts, and before it says so, this happens (in LINE's thread)."""
        count, seen = type(self.line.line.quota).count, [0]

        def counted(method: str, recipients: int) -> None:
            count(self.line.line.quota, method, recipients)
            seen[0] += method == "multicast"
            if seen[0] == calls and method == "multicast":
                act()

        self.line.do(lambda line: setattr(line.quota, "count", counted))

    def at_full_speed(self) -> None:
        """As if troubles were long over: nothing is slowed down any more."""
        self.change("UPDATE send_rates SET factor = 100, next_at = now()")

    def lapse(self) -> None:
        """Leases of workers that died are over."""
        self.change("UPDATE offer_batches SET lease_until = now() - interval '1 s' WHERE lease_until IS NOT NULL")

    def approved(self, **values: Any) -> int:
        """An offer that a second person approved an hour ago; its id."""
        with self.world.parts.sessions.begin() as session:
            self.offer_id = approved(session, self.world.clock.now(), **values)
        return self.offer_id

    def heard(self) -> Counter[int]:
        """How many people got how many messages."""
        return self.line.do(_heard)

    def outcomes(self) -> dict[str, tuple[int, int]]:
        """Batches and people by the batches' state."""
        with self.world.parts.sessions() as session:
            return {state: (n, int(people)) for state, n, people in session.execute(OUTCOMES, {"offer": self.offer_id})}

    def recipients(self) -> dict[str, int]:
        """Rows of the audience by state."""
        with self.world.parts.sessions() as session:
            return {row.state: row.n for row in session.execute(LEFT_OUT, {"offer": self.offer_id})}

    def offer(self) -> Offer:
        """The offer as it is now."""
        with self.world.parts.sessions() as session:
            return session.get_one(Offer, self.offer_id)

    def change(self, statement: str, **values: Any) -> None:
        """Change rows by hand."""
        with self.world.parts.sessions.begin() as session:
            session.execute(text(statement), values)

    def later(self, hours: float = 0, **more: float) -> datetime:
        """Time passes, for the program and for LINE; what it is then."""
        self.world.move_to(self.world.clock.now() + timedelta(hours=hours, **more))
        return self.world.clock.now()


def approved(session: Session, now: datetime, **values: Any) -> int:
    """An offer that was approved an hour ago, without hold-back, as fast as may be; its id."""
    staff = []
    for name in ("author", "approver"):
        email = f"{name}-{values.get('name', 'offer')}@club.example".lower().replace(" ", "-")
        who = Staff(email=email, name=name, password="x", fs_uniquifier=email, created_at=now)
        session.add(who)
        staff.append(who)
    session.flush()
    ago = now - timedelta(hours=1)
    defaults = {
        "club": CLUB,
        "name": "offer",
        "content": HELLO,
        "audience": {},
        "pace": 100_000,
        "hold_back_minutes": 0,
    }
    offer = Offer(
        **{**defaults, "author_id": staff[0].id, "holdout_percent": 0, "created_at": ago, "changed_at": ago, **values}
    )
    offer.digest = digest_of(session, offer)
    offer.state = values.get("state", "approved")
    offer.approved_digest, offer.approved_by, offer.approved_at = (
        offer.digest,
        staff[1].id,
        values.get("approved_at", ago),
    )
    session.add(offer)
    session.flush()
    return offer.id


def user_ids(numbers: Iterable[int]) -> Sequence[str]:
    """LINE user ids of the crowd's people."""
    return [f"U{number:032x}" for number in numbers]


def _phones(line: Any, first: int, count: int, language: str) -> None:
    for number in range(first, first + count):
        user_id = f"U{number:032x}"
        line.people[user_id] = phone = Phone(user_id, str(number), language)
        phone.friend = True


def _heard(line: Any) -> Counter[int]:
    return Counter(sum(e.origin == "bot" for e in person.entries or []) for person in line.people.values())
