"""Accounts in the console: found, explained, put into a tier by an administrator for a reason (rules.md §5)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date

import pytest

from benefits import people
from models import Member, Person
from tests import factories
from tests.factories import NOON
from tests.web.console.desk import Desk


@dataclass
class Shop:
    """One account with its administrator, charges of October, and its page."""

    id: int
    external_id: str
    person_id: int
    line_user_id: str

    @property
    def url(self) -> str:
        """Its page."""
        return f"/console/accounts/{self.id}"


@pytest.fixture
def shop(desk: Desk) -> Shop:
    """Noodles, whose administrator is Nok; one paid line, one that is not, one whose number begins a formula."""
    with desk.sessions.begin() as session:
        nok: Person = factories.person(session)
        people.learn_profile(session, person=nok, display_name="นก บินไกล", language="th", now=NOON)
        row: Member = factories.member(session, nok, name="ร้านก๋วยเตี๋ยว <b>เรือ</b>", tier="silver", total_stars=7000)
        factories.charge(session, row, "99.99", invoice_no=f"INV-A-{row.id}")
        factories.charge(session, row, "-20.00", invoice_no=f"=1+{row.id}", paid_at=None)
        return Shop(row.id, row.external_id, nok.id, nok.line_user_id)


def test_an_account_is_found_by_its_id_and_told_at_a_glance(desk: Desk, shop: Shop) -> None:
    """Search by id; the page shows tier, stars, who acts for it (masked, B9), and what HTML its name holds as text (B12)."""
    viewer = desk.staff("viewer")
    listed = viewer.get(f"/console/accounts/?q={shop.external_id.lower()}").text
    assert f'href="{shop.url}"' in listed
    assert "ร้านก๋วยเตี๋ยว &lt;b&gt;เรือ&lt;/b&gt;" in listed
    page = viewer.get(shop.url).text
    assert "Silver" in page
    assert "7,000" in page
    assert f"น••• …{shop.line_user_id[-4:]}" in page
    assert "บินไกล" not in page
    assert shop.line_user_id not in page
    assert 'name="tier"' not in page, "only an administrator of the club sets tiers"


def test_filters_choose_by_tier_in_force_membership_and_shield(desk: Desk, shop: Shop) -> None:
    """A tier set by staff counts as the tier; an account outside the club is found as such."""
    with desk.sessions.begin() as session:
        row = session.get_one(Member, shop.id)
        row.tier_override, row.override_until, row.override_reason = "gold", NOON.replace(year=2027), "storm"
        outside = factories.member(session, joined=False, badge="green").id
    viewer = desk.staff("viewer")

    def shown(query: str) -> set[int]:
        text = viewer.get(f"/console/accounts/?sort=-account&{query}").text
        return {row for row in (shop.id, outside) if f'href="/console/accounts/{row}"' in text}

    everything = {
        "member=yes": shop.id,
        "member=set": shop.id,
        "tier=gold": shop.id,
        "member=never": outside,
        "badge=green": outside,
    }
    for query, expected in everything.items():
        assert shown(query) == {expected}, query
    assert shown("tier=silver") == set()


def test_a_statement_says_why_line_by_line(desk: Desk, shop: Shop) -> None:
    """LFC-10, LFC-5: the sum rounded once, each line with its reason; the month is the month, and no other word is one."""
    viewer = desk.staff("viewer")
    page = viewer.get(f"{shop.url}/statement/2026-10").text
    for said in (
        "99.99 baht",
        "−0.99 baht",
        "99 stars",
        "Counted in October 2026.",
        f"INV-A-{shop.id}",
        "October 2026",
    ):
        assert said in page, said
    assert viewer.get(f"{shop.url}/statement/2026-13").status_code == 404
    assert viewer.get("/console/accounts/999999999/statement/2026-10").status_code == 404


def test_b11_a_statement_for_a_spreadsheet_computes_nothing(desk: Desk, shop: Shop) -> None:
    """B11: an invoice number that begins a formula is text; amounts are numbers, negative ones too; Thai survives."""
    answer = desk.staff("viewer", language="th").get(f"{shop.url}/statement/2026-10.csv")
    assert answer.text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0][0] == "ใบแจ้งหนี้"
    told = {row[0]: row[3] for row in rows[1:]}
    assert told == {f"INV-A-{shop.id}": "99.99", f"'=1+{shop.id}": "-20.00"}


def test_b11_accounts_whose_names_are_formulas_are_text_in_the_export(desk: Desk) -> None:
    """B11: the name begins a formula, holds quotes, a line break and Thai: it comes back as it was, behind an apostrophe."""
    name = "=cmd|' /C calc'!A0\n\"ร้าน\", +1"
    with desk.sessions.begin() as session:
        external_id = factories.member(session, name=name).external_id
    text = desk.staff("viewer").get(f"/console/accounts/export.csv?q={external_id}").text
    (row,) = [
        row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")) if row[0] == f"'{external_id}"
    ]
    assert row[1] == f"'{name}"


def test_an_administrator_sets_a_tier_and_ends_it(desk: Desk, shop: Shop) -> None:
    """rules.md §5: with reason and last day; told on the page, in the journal, and to the member's card; ended with a reason."""
    admin = desk.staff("admin")
    given = {"tier": "gold", "tier_reason": "storm damage", "last_day": "2026-11-30"}
    answer = admin.post(f"{shop.url}/tier", given)
    assert (answer.status_code, answer.headers["Location"]) == (303, shop.url)
    page = admin.get(shop.url).text
    assert "Tier set by staff until 30 Nov 2026: Gold" in page
    assert "storm damage" in page
    assert "Tier set by staff: Silver → Gold" in page
    assert admin.post(f"{shop.url}/tier/end", {"end_reason": "repaired"}).status_code == 303
    with desk.sessions() as session:
        assert session.get_one(Member, shop.id).tier_override is None


def test_a_refused_tier_keeps_what_was_typed(desk: Desk, shop: Shop) -> None:
    """No reason, or a day that is over: nothing is set, and the form still holds what was typed."""
    admin = desk.staff("admin")
    answer = admin.post(f"{shop.url}/tier", {"tier": "gold", "tier_reason": "storm", "last_day": "2026-11-11"})
    assert answer.status_code == 409
    assert "That day is over." in answer.text
    assert 'value="storm"' in answer.text
    assert 'value="gold" selected' in answer.text
    for wrong in ({"last_day": "soon"}, {"tier_reason": " "}, {"tier": "diamond"}):
        given = {"tier": "gold", "tier_reason": "x", "last_day": date(2026, 12, 1).isoformat(), **wrong}
        assert admin.post(f"{shop.url}/tier", given).status_code == 409, wrong
    with desk.sessions() as session:
        assert session.get_one(Member, shop.id).tier_override is None
