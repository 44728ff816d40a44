"""Claims and charges in the console: found, a use taken back alone in time or by two, made void for a reason."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from benefits import claims, rounds, uses
from benefits.use_corrections import KIND
from clubs import Club
from models import Claim, Import, Person, Privilege, StaffRequest, Upload
from tests import factories
from tests.factories import NOON
from tests.web.console.desk import Desk, Hand

OCTOBER = date(2026, 10, 1)


@dataclass
class Held:
    """A claim of a code that may be undone for 15 minutes, and its page."""

    desk: Desk
    id: int
    account: str
    member_id: int
    privilege_id: int
    person_id: int

    @property
    def url(self) -> str:
        """Its page."""
        return f"/console/claims/{self.id}"

    def use(self, club: Club) -> None:
        """Its holder shows the code now."""
        with self.desk.sessions.begin() as session:
            holder = session.get_one(Person, self.person_id)
            uses.start(session, club=club, person=holder, claim_id=self.id, now=self.desk.clock.now())

    @property
    def state(self) -> str:
        """As stored."""
        with self.desk.sessions() as session:
            return session.get_one(Claim, self.id).state

    @property
    def request(self) -> int:
        """The number of the request that waits."""
        with self.desk.sessions() as session:
            waiting = session.query(StaffRequest).filter_by(subject_id=self.id, kind=KIND, state="open")
            return waiting.one().id


@pytest.fixture
def held(desk: Desk, club: Club) -> Held:
    """Claimed at noon."""
    with desk.sessions.begin() as session:
        holder = factories.person(session)
        shop = factories.member(session, holder)
        offer: Privilege = factories.privilege(session, undo_minutes=15, name_en="Free coffee")
        made = claims.claim(session, club=club, person=holder, privilege_id=offer.id, member_id=shop.id, now=NOON)
        return Held(desk, made.claim.id, shop.external_id, shop.id, offer.id, holder.id)


def shown(hand: Hand, held: Held, query: str) -> bool:
    """Whether the list with these filters shows it."""
    return f'href="{held.url}"' in hand.get(f"/console/claims/?sort=-id&{query}").text


def test_a_claim_is_found_by_number_account_privilege_and_state(desk: Desk, held: Held, club: Club) -> None:
    """Its number leads straight to it; its state is the one the chat tells, moment by moment."""
    viewer = desk.staff("viewer")
    assert viewer.get(f"/console/claims/?q={held.id}").headers["Location"] == held.url
    assert shown(viewer, held, f"q={held.account}")
    assert shown(viewer, held, f"privilege={held.privilege_id}")
    assert held.url in viewer.get(f"/console/accounts/{held.member_id}").text
    assert shown(viewer, held, f"account={held.member_id}")

    def states() -> list[str]:
        return [key for key in ("kept", "in_use", "used", "expired", "void") if shown(viewer, held, f"state={key}")]

    assert states() == ["kept"]
    held.use(club)
    assert states() == ["in_use"]
    desk.later(minutes=20)
    assert states() == ["used"]
    page = viewer.get(held.url).text
    assert "Free coffee" in page
    assert "<form class" not in page.split("<main", 1)[1], "a viewer changes nothing"


def test_support_undoes_a_use_in_time_with_a_reason(desk: Desk, held: Held, club: Club) -> None:
    """rules.md §5: within the window alone; without a reason not at all; never twice."""
    support = desk.staff("support")
    held.use(club)
    assert support.post(f"{held.url}/undo", {"undo_reason": ""}).status_code == 409
    assert held.state == "used"
    answer = support.post(f"{held.url}/undo", {"undo_reason": "wrong branch"})
    assert (answer.status_code, held.state) == (303, "kept")
    assert "wrong branch" in support.get(held.url).text
    again = support.post(f"{held.url}/undo", {"undo_reason": "again"})
    assert again.status_code == 409
    assert "This claim is not used (any more)." in again.text


def test_after_the_window_it_takes_two(desk: Desk, held: Held, club: Club) -> None:
    """rules.md §5: alone too late; one asks, another grants, never the same; the home page says that it waits."""
    both = desk.staff("support", "finance")
    held.use(club)
    desk.later(minutes=16)
    late = both.post(f"{held.url}/undo", {"undo_reason": "till was down"})
    assert late.status_code == 409
    assert "Ask for a correction" in late.text
    assert both.post(f"{held.url}/ask", {"ask_reason": "till was down"}).status_code == 303
    assert both.post(f"{held.url}/ask", {"ask_reason": "again"}).status_code == 409
    own = both.post(f"{held.url}/decide", {"request": held.request, "yes": "1"})
    assert (own.status_code, held.state) == (409, "used")
    finance = desk.staff("finance")
    assert shown(finance, held, "asked=yes")
    assert "/console/claims/?asked=yes" in finance.get("/console/").text
    assert "till was down" in finance.get(held.url).text
    assert finance.post(f"{held.url}/decide", {"request": held.request, "yes": "1"}).status_code == 303
    assert held.state == "kept"
    assert not shown(finance, held, "asked=yes")


def test_a_request_is_refused_with_a_reason_or_withdrawn_by_who_asked(desk: Desk, held: Held, club: Club) -> None:
    """rules.md §5: the use stands either way, and another's request is not withdrawn."""
    support, approver = desk.staff("support"), desk.staff("approver")
    held.use(club)
    desk.later(minutes=16)
    support.post(f"{held.url}/ask", {"ask_reason": "x"})
    number = held.request
    assert approver.post(f"{held.url}/decide", {"request": number, "decide_reason": " "}).status_code == 409
    assert approver.post(f"{held.url}/decide", {"request": number, "decide_reason": "it was drunk"}).status_code == 303
    support.post(f"{held.url}/ask", {"ask_reason": "really"})
    assert desk.staff("support").post(f"{held.url}/withdraw", {"request": held.request}).status_code == 409
    assert support.post(f"{held.url}/withdraw", {"request": held.request}).status_code == 303
    assert held.state == "used"


def test_a_request_about_another_claim_is_not_decided_here(desk: Desk, held: Held, club: Club) -> None:
    """B5: the form names the request; one of another record, or none at all, does nothing."""
    held.use(club)
    desk.later(minutes=16)
    desk.staff("support").post(f"{held.url}/ask", {"ask_reason": "x"})
    with desk.sessions.begin() as session:
        other = factories.privilege(session)
        kept = claims.claim(
            session, club=club, person=session.get_one(Person, held.person_id), privilege_id=other.id,
            member_id=session.get_one(Claim, held.id).member_id, now=NOON,
        ).claim.id  # fmt: skip
    finance = desk.staff("finance")
    for number in (held.request, "0", "x"):
        assert finance.post(f"/console/claims/{kept}/decide", {"request": number, "yes": "1"}).status_code == 409
    assert held.state == "used"


def test_an_administrator_makes_a_claim_void_with_a_reason(desk: Desk, held: Held) -> None:
    """The member is shown the reason; a claim that is void is not made so twice."""
    admin = desk.staff("admin")
    assert admin.post(f"{held.url}/void", {"void_reason": " "}).status_code == 409
    assert admin.post(f"{held.url}/void", {"void_reason": "issued by mistake"}).status_code == 303
    assert held.state == "void"
    page = admin.get(held.url).text
    assert "issued by mistake" in page
    assert f"{held.url}/void" not in page
    assert admin.post(f"{held.url}/void", {"void_reason": "again"}).status_code == 409


@pytest.mark.parametrize(
    ("deed", "may"),
    [
        ("undo", {"support"}),
        ("ask", {"support", "finance"}),
        ("decide", {"finance", "approver"}),
        ("withdraw", {"support", "finance"}),
        ("void", {"admin"}),
    ],
)
def test_b5_each_deed_has_its_roles(desk: Desk, held: Held, deed: str, may: set[str]) -> None:
    """B5: everybody else is refused, auditors too; and a claim of another club is not there."""
    for role in ("viewer", "support", "marketer", "approver", "finance", "admin", "auditor"):
        hand = desk.staff(role)
        assert (hand.post(f"{held.url}/{deed}").status_code == 403) == (role not in may), role
    with desk.sessions.begin() as session:
        foreign = factories.privilege(
            session, club="another_club", partner_id=factories.partner(session, club="another_club").id
        )
        shop, holder = factories.member(session, club="another_club"), factories.person(session, club="another_club")
        values = {
            "privilege_id": foreign.id,
            "member_id": shop.id,
            "person_id": holder.id,
            "holder": "m0",
            "period": "",
        }
        row = Claim(**values, slot=1, claimed_at=NOON)
        session.add(row)
        session.flush()
        url = f"/console/claims/{row.id}"
    hand = desk.staff(*may)
    assert hand.get(url).status_code == 404
    assert hand.post(f"{url}/{deed}", {f"{deed}_reason": "x"}).status_code == 404


def test_a_charge_tells_its_import_and_its_round(desk: Desk, club: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paid in October of September: counted in October's round; the list says so too, and what is unpaid or does not count."""
    with desk.sessions.begin() as session:
        shop = factories.member(session)
        brought = Import(club=club.key, kind="charges", file_name="october.csv", started_at=NOON, finished_at=NOON)
        session.add(brought)
        session.flush()
        number = f"C{shop.id}-"
        bill = factories.charge(
            session,
            shop,
            invoice_no=f"{number}1",
            import_id=brought.id,
            service_month=date(2026, 9, 1),
            count_month=OCTOBER,
        )
        first = bill.id
        paper = Upload(
            club=club.key, kind="charges", file_name="october.csv", place="x", size=1, digest=b"x", state="done",
            by_staff=desk.hire("finance").id, asked_at=NOON, finished_at=NOON, import_id=brought.id,
        )  # fmt: skip
        session.add(paper)
        session.flush()
        upload = paper.id
        factories.charge(session, shop, "-5.00", invoice_no=f"{number}2", paid_at=None)
        factories.charge(session, shop, invoice_no=f"{number}3", service="line_ads")
    viewer = desk.staff("viewer")
    imports: Any = getattr(desk.console.view_functions["imports.details"], "__self__", None)
    monkeypatch.setattr(imports, "allowed", {**imports.allowed, "details": ("finance",)})
    assert f'href="/console/imports/{upload}"' in desk.staff("finance").get(f"/console/charges/{first}").text
    page = viewer.get(f"/console/charges/{first}").text
    assert f"/console/imports/{upload}" not in page, "nobody is led to a page that she may not open"
    for said in ("october.csv", "October 2026", "September 2026", f"/console/accounts/{shop.id}/statement/2026-09"):
        assert said in page, said

    def found(query: str) -> list[str]:
        text = viewer.get(f"/console/charges/export.csv?sort=invoice&q={number}&{query}").text.removeprefix("\ufeff")
        return [row[0].removeprefix(number) for row in csv.reader(io.StringIO(text))][1:]

    assert found("") == ["1", "2", "3"]
    assert found("paid=no") == ["2"]
    assert found("month=2026-09") == ["1"]
    assert found("service=line_ads") == ["3"]
    assert found("counted=yes") == ["1"]
    assert found(f"account={shop.id}") == ["1", "2", "3"]
    assert found("account=999999999") == ["1", "2", "3"], "nobody's number chooses nothing"
    assert viewer.get(f"/console/charges/?q={number}1").headers["Location"] == f"/console/charges/{first}"
    text = viewer.get(f"/console/charges/export.csv?q={number}2").text
    assert next(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))["Net, baht"] == "-5.00"
    assert rounds.adjusted_at(club, OCTOBER) < NOON + timedelta(days=1)
