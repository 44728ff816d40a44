"""Privileges changed by hand: every fault named, promises kept, two colleagues not over each other, and the journal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from benefits import claims
from benefits.editing import ChangedMeanwhile, Faulty, NeedsAgreement, Unknown, privilege_form, privileges
from benefits.editing.privilege_form import Typed
from benefits.sealed_codes import open_privilege_code
from benefits.vault import Vault
from clubs import Club
from models import Claim, Code, JournalEntry, Privilege
from tests.factories import NOON, member, partner, person, privilege

LATTE = {
    "key": "latte",
    "name_th": "ลาเต้ฟรี",
    "name_en": "Free latte",
    "scope": "account",
    "claim_limit": "1",
    "redeem": "code",
    "claim_from_day": "2026-11-01",
    "claim_to_day": "2026-11-30",
}
Make = Callable[..., Privilege]


@pytest.fixture
def make(session: Session, club: Club) -> Make:
    """Makes a privilege from typed fields."""

    def made(**typed: str) -> Privilege:
        giver = partner(session)
        fields = {**LATTE, "partner_id": str(giver.id), **typed}
        return privileges.create(session, club=club, typed=Typed(fields), by=7, now=NOON)

    return made


def retyped(row: Privilege, **changed: str) -> Typed:
    """The form of `row` with some fields typed anew."""
    shown = privilege_form.shown(row)
    return Typed({**shown.fields, **changed}, shown.tiers)


def change(session: Session, club: Club, row: Privilege, agreed: tuple[str, ...] = (), **changed: str) -> list[str]:
    session.expire_all()
    typed, seen = retyped(row, **changed), privileges.version_of(row)
    return privileges.change(
        session, club=club, privilege_id=row.id, typed=typed, by=7, now=NOON, seen=seen, agreed=agreed
    )


def faults_of(deed: Callable[[], object]) -> set[tuple[str, str]]:
    with pytest.raises(Faulty) as refused:
        deed()
    return {(fault.field, fault.what) for fault in refused.value.faults}


def claimed(session: Session, club: Club, row: Privilege, **values: Any) -> Claim:
    """Somebody claims it."""
    ann = person(session)
    shop = member(session, ann)
    found = claims.claim(session, club=club, person=ann, privilege_id=row.id, member_id=shop.id, now=NOON)
    for name, value in values.items():
        setattr(found.claim, name, value)
    session.flush()
    return found.claim


def test_windows_are_bangkok_days_and_the_last_one_belongs(make: Make) -> None:
    """Typed in Bangkok, stored in UTC, half-open; what is shown again is what was typed."""
    row = make(use_to_day="2026-12-31", use_to_time="18:30", stock="1,000", use_days="14")
    assert row.claim_from is not None
    assert row.claim_from.astimezone(UTC) == datetime(2026, 10, 31, 17, tzinfo=UTC)
    assert row.claim_to == datetime(2026, 11, 30, 17, tzinfo=UTC)
    assert row.use_to == datetime(2026, 12, 31, 11, 30, tzinfo=UTC)
    assert (row.stock, row.use_days, row.code_minutes, row.undo_minutes, row.alert_at) == (1000, 14, 15, 10, 10)
    shown = privilege_form.shown(row).fields
    assert (shown["claim_from_day"], shown["claim_from_time"], shown["claim_to_day"]) == (
        "2026-11-01",
        "",
        "2026-11-30",
    )
    assert (shown["use_to_day"], shown["use_to_time"], shown["visible_to_day"]) == ("2026-12-31", "18:30", "")


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"key": "la tte"}, ("key", "not_a_key")),
        ({"name_en": "  "}, ("name_en", "empty")),
        ({"name_th": "ก" * 101}, ("name_th", "too_long")),
        ({"name_th": "😀" * 51}, ("name_th", "too_long")),
        ({"about_th": "x\x00"}, ("about_th", "control")),
        ({"claim_limit": "0"}, ("claim_limit", "number")),
        ({"stock": "-5"}, ("stock", "number")),
        ({"stock": "๑๐"}, ("stock", "number")),
        ({"use_days": "1e3"}, ("use_days", "number")),
        ({"claim_to_day": "2569-11-30"}, ("claim_to", "buddhist_year")),
        ({"claim_to_day": "2026-02-30"}, ("claim_to", "not_a_day")),
        ({"claim_to_day": "2026-10-31"}, ("claim_to", "ends_before")),
        ({"use_to_time": "18:30"}, ("use_to", "day_missing")),
        ({"use_to_day": "2026-12-01", "use_to_time": "25:00"}, ("use_to", "not_a_time")),
        ({"scope": "household"}, ("scope", "choose")),
        ({"partner_id": "999999"}, ("partner_id", "choose")),
        ({"redeem": "link"}, ("code", "address_needed")),
        ({"redeem": "link", "code": "javascript:alert(1)"}, ("code", "not_an_address")),
        ({"redeem": "barcode", "code": "กาแฟ"}, ("code", "not_a_barcode")),
        ({"pooled": "yes", "code": "A1"}, ("code", "code_and_pool")),
        ({"picture": "../secret.png"}, ("picture", "not_a_picture")),
        ({"picture": "http://169.254.169.254/x.png"}, ("picture", "not_a_picture")),
    ],
)
def test_each_fault_names_its_field(club: Club, typed: dict[str, str], fault: tuple[str, str]) -> None:
    """B20 among them: a picture is a file that was handed in, never an address."""
    found = privilege_form.read(Typed({**LATTE, "partner_id": "7", **typed}), club=club, partners=[7])
    assert [(each.field, each.what) for each in found.faults] == [fault]


def test_every_fault_is_told_at_once_and_an_id_is_given_once(make: Make, session: Session) -> None:
    assert len(faults_of(lambda: make(name_th="", stock="x", redeem="link"))) == 3
    make()
    assert faults_of(make) == {("key", "taken")}
    assert len(session.scalars(select(Privilege)).all()) == 1


def test_the_journal_says_what_changed_and_no_code(make: Make, session: Session, club: Club, vault: Vault) -> None:
    """Numbers and times before and after; of texts only which; of codes nothing but that."""
    row = make(code="SECRET-1", stock="50")
    changed = change(session, club, row, stock="80", about_en="Hot", code="SECRET-2", claim_to_day="2026-12-05")
    assert set(changed) == {"stock", "about_en", "code", "claim_to"}
    assert open_privilege_code(vault, row) == "SECRET-2"
    entries = session.scalars(select(JournalEntry).order_by(JournalEntry.id)).all()
    assert [(entry.action, entry.actor) for entry in entries] == [("privilege_made", "7"), ("privilege_changed", "7")]
    facts = entries[1].facts
    assert facts["changed"]["stock"] == [50, 80]
    assert set(facts["texts"]) == {"about_en", "code"}
    assert "SECRET" not in str(facts)


def test_an_untouched_form_changes_nothing(make: Make, session: Session, club: Club) -> None:
    """Also where a file gave seconds that a form cannot show, and when the same code is typed again."""
    row = make(code="A1")
    row.use_to = datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC)
    session.flush()
    assert change(session, club, row) == []
    assert change(session, club, row, code="A1") == []
    assert row.use_to == datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC)


def test_what_is_taken_stays_taken(make: Make, session: Session, club: Club) -> None:
    """Stock below what is claimed, another scope after claims, a pool whose codes are held: refused with the number."""
    row = make(stock="5")
    for _ in range(3):
        claimed(session, club, row)
    assert faults_of(lambda: change(session, club, row, stock="2")) == {("stock", "below_taken")}
    assert faults_of(lambda: change(session, club, row, scope="person")) == {("scope", "claimed_already")}
    assert change(session, club, row, stock="3") == ["stock"]
    other = make(key="mocha", pooled="yes")
    session.add(Code(privilege_id=other.id, sealed=b"x", fingerprint=b"y", added_at=NOON))
    session.flush()
    claimed(session, club, other)
    assert faults_of(lambda: change(session, club, other, pooled="")) == {("pooled", "codes_held")}


def test_a_stock_set_later_counts_the_claims_before(make: Make, session: Session, club: Club) -> None:
    row = make()
    claimed(session, club, row)
    claimed(session, club, row)
    assert faults_of(lambda: change(session, club, row, stock="1")) == {("stock", "below_taken")}
    assert change(session, club, row, stock="2") == ["stock"]


def test_what_holders_would_notice_is_done_knowingly(make: Make, session: Session, club: Club) -> None:
    """Who holds an unused claim is counted; used and expired ones no longer mind; windows change for later claims alone."""
    row = make(code="A1")
    claimed(session, club, row)
    claimed(session, club, row, use_until=NOON - timedelta(days=1))
    claimed(session, club, row, state="used", used_at=NOON)
    with pytest.raises(NeedsAgreement) as asked:
        change(session, club, row, redeem="barcode", code="885", conditions_en="Only on Mondays")
    assert {(warned.what, warned.open_claims) for warned in asked.value.warnings} == {
        ("redeem", 1),
        ("code", 1),
        ("conditions", 1),
    }
    session.expire_all()
    assert (row.redeem, row.conditions_en) == ("code", "")
    agreed = ("redeem", "code", "conditions")
    assert set(change(session, club, row, agreed, redeem="barcode", code="885")) == {"redeem", "code"}
    assert change(session, club, row, use_days="3", claim_to_day="2026-11-20") != []


def test_two_colleagues_do_not_write_over_each_other(make: Make, session: Session, club: Club) -> None:
    """The second form is out of date, and nothing of it is written."""
    row = make()
    seen, typed = privileges.version_of(row), retyped(row, name_en="Hers")
    change(session, club, row, name_en="His")
    with pytest.raises(ChangedMeanwhile):
        privileges.change(session, club=club, privilege_id=row.id, typed=typed, by=8, now=NOON, seen=seen)
    assert row.name_en == "His"


def test_a_copy_keeps_the_code_sealed_for_itself(make: Make, session: Session, club: Club, vault: Vault) -> None:
    """B3: a sealed code is bound to its privilege, so the copy's is sealed anew."""
    row = make(code="A1")
    twin = privileges.create(session, club=club, typed=retyped(row, key="latte-2"), by=7, now=NOON, copied_from=row.id)
    assert twin.code != row.code
    assert open_privilege_code(vault, twin) == "A1"


def test_withdrawn_and_back(make: Make, session: Session, club: Club) -> None:
    """Twice is once; another club's privilege is nobody's."""
    row = make()
    for deed in (privileges.withdraw, privileges.withdraw, privileges.bring_back, privileges.bring_back):
        deed(session, club=club, privilege_id=row.id, by=7, now=NOON)
    actions = [entry.action for entry in session.scalars(select(JournalEntry).order_by(JournalEntry.id))]
    assert actions == ["privilege_made", "privilege_withdrawn", "privilege_brought_back"]
    foreign = privilege(session, club="other_club")
    with pytest.raises(Unknown):
        privileges.withdraw(session, club=club, privilege_id=foreign.id, by=7, now=NOON)


def test_a_claim_and_a_smaller_stock_at_the_same_moment(
    make: Make, session: Session, sessions: sessionmaker[Session], club: Club
) -> None:
    """A claim in flight while a first stock is set: counted, waited for, and never one too many."""
    row = make()
    ann = person(session)
    shop = member(session, ann)
    session.commit()
    outcome: list[object] = []

    def set_stock() -> None:
        try:
            with sessions.begin() as other:
                mine = privileges.find(other, club=club, privilege_id=row.id)
                change(other, club, mine, stock="0")
                outcome.append("set")
        except Faulty as refused:
            outcome.append((refused.faults[0].what, refused.faults[0].facts["n"]))

    with sessions.begin() as claiming:
        claims.claim(claiming, club=club, person=ann, privilege_id=row.id, member_id=shop.id, now=NOON)
        racer = threading.Thread(target=set_stock)
        racer.start()
        racer.join(0.3)
        assert outcome == []
    racer.join()
    assert outcome == [("below_taken", 1)]
