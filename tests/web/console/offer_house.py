"""A console with a LINE platform beside it, members who follow the channel, and the job that sends offers."""

from __future__ import annotations

import asyncio
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from procrastinate import App

from benefits.offers import drafting, testers
from benefits.people import learn_profile
from benefits.vault import Vault
from clubs import Club
from jobs.tasks import QUEUE, make_engine_app
from jobs.wiring import make_offering, make_work
from models import Offer, Staff
from simulator.inprocess import Simulator
from simulator.people import Person
from tests.conftest import psycopg_url
from tests.factories import NOON, member, partner, person, privilege
from tests.web.console.desk import CLUB, Desk, Hand, make_desk

SHOPS = ("ก๋วยเตี๋ยวเรือลุงหนวด", "ร้านดอกไม้ป้าแจ๋ว", "Baan Coffee", "ครัวคุณต๋อย", "The Noodle Bar", "สวนผลไม้ลุงดำ")
NAMES = ("สมชาย", "มานี", "ปิติ", "Somsak", "วีระ")
TIERS = (("welcome", 300), ("silver", 7_200), ("gold", 61_000), ("platinum", 250_000))
CONTENT: dict[str, Any] = {
    "parts": [{"kind": "text", "th": "กาแฟฟรีวันนี้", "en": "A coffee on us today"}],
    "languages": ["th", "en"],
}


@dataclass
class House:
    """One console, one LINE, one club with members."""

    desk: Desk
    line: Simulator
    marketer: Staff
    approver: Staff
    members: dict[int, Person] = field(default_factory=dict)
    """People of LINE by our person's id."""
    privilege_id: int = 0

    @property
    def club(self) -> Club:
        """The club."""
        return self.desk.parts.clubs[CLUB]

    def hand(self, staff: Staff) -> Hand:
        """Her browser, signed in anew."""
        return Hand(self.desk, staff, self.desk.enter(staff))

    def people(self, n: int, *, shop: str = "", **values: Any) -> list[int]:
        """Members who follow the channel, one account each; our ids."""
        found = []
        with self.desk.sessions.begin() as session:
            for _ in range(n):
                k = len(self.members)
                language = values.get("language", "th" if k % 3 else "en")
                friend = self.line.person(NAMES[k % len(NAMES)], language, friend=values.get("friend", True))
                row = person(session, line_user_id=friend.id, **{"language": language, **values})
                learn_profile(session, person=row, display_name=NAMES[k % len(NAMES)], language=None, now=NOON)
                tier, stars = TIERS[k % len(TIERS)]
                member(session, row, name=shop or f"{SHOPS[k % len(SHOPS)]} {k + 1}", tier=tier, total_stars=stars)
                self.members[row.id] = friend
                found.append(row.id)
        return found

    def offer(self, name: str = "กาแฟ", *, state: str = "draft", **values: Any) -> int:
        """An offer of the marketer, as far as `state`: draft, asked or approved. Its id."""
        now = self.desk.clock.now()
        with self.desk.sessions.begin() as session:
            offer = drafting.create(session, club=self.club, name=name, by=self.marketer.id, now=now)
            given = {"content": CONTENT, **values}
            drafting.change(session, offer=offer, by=self.marketer.id, now=now, **given)
            if state in ("asked", "approved"):
                drafting.ask(session, club=self.club, offer=offer, by=self.marketer.id, now=now)
            if state == "approved":
                drafting.approve(session, offer=offer, by=self.approver.id, digest=offer.digest, now=now, via="console")
            return offer.id

    def tester(self, person_id: int, name: str = "พี่นก") -> int:
        """Somebody named as a tester; the tester's id."""
        with self.desk.sessions.begin() as session:
            now = self.desk.clock.now()
            return testers.add(session, club=self.club, person_id=person_id, name=name, by=self.marketer.id, now=now).id

    def row(self, offer_id: int) -> Offer:
        """The offer as it is now."""
        with self.desk.sessions() as session:
            return session.get_one(Offer, offer_id)

    def send(self) -> int:
        """The job, here and now; to how many people something was sent."""
        return make_offering(self.desk.parts, patience=0.0).run()

    def heard(self, person_id: int) -> list[str]:
        """What stands in this person's chat, as text or alternative text."""
        said = self.line.said(self.members[person_id])
        return [str(message.get("text") or message.get("altText")) for message in said]

    @contextmanager
    def worker(self) -> Iterator[None]:
        """A worker of the job engine in this process, as `python -m jobs` runs one."""
        app = make_engine_app(self.desk.parts.database_url, make_work(self.desk.parts))
        loop, stop = asyncio.new_event_loop(), asyncio.Event()
        thread = threading.Thread(target=loop.run_until_complete, args=(_work(app, stop),))
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(timeout=20)
            loop.close()


async def _work(app: App, stop: asyncio.Event) -> None:
    async with app.open_async():
        working = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                install_signal_handlers=False,
                shutdown_graceful_timeout=2,
                fetch_job_polling_interval=0.5,
            )
        )
        await stop.wait()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


@contextmanager
def open_house(server_url: str, template: str, vault: Vault, folder: Path) -> Iterator[House]:
    """A house on a database of its own."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    with Simulator(token="token") as line:
        environ = {"LINE_API_URL": line.url, "SITTHI_FAMILY_CLUB_CHANNEL_TOKEN": "token"}
        desk = make_desk(psycopg_url(server_url, name), folder, vault, **environ)
        marketer = desk.hire("marketer", name="มะลิ วัฒนา", language="en")
        house = House(desk, line, marketer, desk.hire("approver", name="อนงค์ ศรีสุข", language="en"))
        with desk.sessions.begin() as session:
            names = {"name_th": "โมงเช้า คอฟฟี่", "name_en": "Mong Chao Coffee"}
            found = privilege(
                session,
                partner_id=partner(session, **names).id,
                name_th="กาแฟเย็น ซื้อ 1 แถม 1",
                name_en="Iced coffee, buy one get one",
                about_th="ใช้ได้ทุกสาขา",
                about_en="At every branch",
            )
            house.privilege_id = found.id
        yield house
        desk.sessions.kw["bind"].dispose()
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def version_in(page: str) -> str:
    """The version a page's forms carry."""
    found = re.search(r'name="version" value="([0-9a-f]{64})"', page)
    assert found is not None, page[:500]
    return found[1]


def text_form(offer: Offer, th: str, en: str, **more: Any) -> dict[str, Any]:
    """The writing form with one text."""
    return {
        "version": offer.digest.hex(),
        "name": offer.name,
        "languages": ["th", "en"],
        "part-0-kind": "text",
        "part-0-th": th,
        "part-0-en": en,
        **more,
    }
