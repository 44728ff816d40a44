"""Two persons mean two persons: what one administrator alone can do through the console, and what holds it (docs/console.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from benefits import corrections, requests, use_corrections
from benefits import staff as colleagues
from benefits.vault import Vault
from jobs.wiring import make_work
from models import Claim, JournalEntry, Notice, Person, Staff, StaffChat
from tests import factories
from tests.factories import NOON
from tests.web.console.desk import CLUB, PASSWORD, Desk, Hand
from tests.web.console.offer_house import House, open_house
from tests.web.console.test_signing_in import NEW, send, set_up, sign_in
from tests.web.console.test_team import CODE, command, number

WAITS = "wait until another administrator has confirmed it, or until 13 Nov 2026 12:00."


@pytest.fixture
def house(server_url: str, template: str, vault: Vault, tmp_path: Any) -> Iterator[House]:
    """A club with members, a marketer and an approver, both here for ten days."""
    with open_house(server_url, template, vault, tmp_path) as made:
        made.people(2)
        yield made


def said(answer: Any) -> str:
    """What a page says."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def signed_in(desk: Desk, staff: Staff, password: str = PASSWORD) -> Hand:
    """Everything whoever knows a password can do: a password of one's own, a second factor of one's own."""
    client = desk.client()
    where = sign_in(client, staff, password).headers["Location"]
    if where == "/console/new-password":
        where = send(client, where, password=NEW, again=NEW).headers["Location"]
    if where == "/console/second-factor/new":
        assert set_up(desk, client).status_code == 200
    hand = Hand(desk, staff, client)
    assert hand.get("/console/").status_code == 200
    return hand


def reset(admin: Hand, staff: Staff) -> str:
    """Reset by an administrator: the password for once, as their screen shows it."""
    found = CODE.search(admin.post(f"/console/team/{staff.id}/reset").text)
    assert found
    return found[0]


def approved(house: House, hand: Hand, offer_id: int) -> Any:
    """The answer to pressing Approve."""
    form = {"version": house.row(offer_id).digest.hex()}
    return hand.post(f"/console/offers/{offer_id}/approve", form)


def test_a6_a_reset_approver_decides_after_a_second_administrator_confirmed(house: House) -> None:
    """The attack: one administrator resets an approver, takes the password for once, and approves as them."""
    ann, boy = house.desk.staff("admin", name="Ann"), house.desk.staff("admin", name="Boy")
    offer = house.offer(state="asked")
    thief = signed_in(house.desk, house.approver, reset(ann, house.approver))
    answer = approved(house, thief, offer)
    assert answer.status_code == 409
    assert (
        f"Your sign-in was reset on 12 Nov 2026 12:00. Approvals, and whatever else needs a second person, {WAITS}"
        in (said(answer))
    )
    assert house.row(offer).state == "asked"
    page = thief.get(f"/console/offers/{offer}/").text
    assert f"/console/offers/{offer}/approve" not in page, "what can only refuse is not offered"
    assert thief.post(f"/console/offers/{offer}/reject", {"reason": "x"}).status_code == 409
    where = f"/console/team/{house.approver.id}"
    assert "Waits for a second administrator" in ann.get(where).text
    assert f"{where}/confirm" not in ann.get(where).text
    assert "You had a part in this change" in said(ann.post(f"{where}/confirm", follow_redirects=True))
    assert "I have asked: confirm" in boy.get(where).text
    assert "Confirmed for" in said(boy.post(f"{where}/confirm", follow_redirects=True))
    assert approved(house, thief, offer).status_code == 303
    assert house.row(offer).state == "approved"


def test_a6_after_a_day_nothing_waits_any_more(house: House) -> None:
    ann = house.desk.staff("admin")
    offer = house.offer(state="asked")
    reset(ann, house.approver)
    house.desk.later(hours=23, minutes=59)
    assert approved(house, house.hand(house.approver), offer).status_code == 303, "one has to choose a password first"
    with house.desk.sessions.begin() as session:
        session.get_one(Staff, house.approver.id).password_until = None
    assert approved(house, house.hand(house.approver), offer).status_code == 409
    house.desk.later(minutes=1)
    assert approved(house, house.hand(house.approver), offer).status_code == 303
    assert house.row(offer).state == "approved"


def test_a6_who_was_reset_by_an_administrator_confirms_nothing_of_theirs(house: House) -> None:
    """Ann resets Boy, the other administrator, and confirms as him what she did to an approver; and the other way round."""
    ann, mo = house.desk.staff("admin"), house.desk.staff("admin")
    boy = house.desk.hire("admin", language="en")
    as_boy = signed_in(house.desk, boy, reset(ann, boy))
    reset(ann, house.approver)
    where = f"/console/team/{house.approver.id}"
    assert f"{where}/confirm" not in as_boy.get(where).text
    assert "A change of your own sign-in or roles waits" in said(as_boy.post(f"{where}/confirm", follow_redirects=True))
    finance = house.desk.hire("finance")
    reset(as_boy, finance)
    of_finance = f"/console/team/{finance.id}"
    assert "You had a part in this change" in said(ann.post(f"{of_finance}/confirm", follow_redirects=True))
    for page in (where, of_finance):
        assert "Confirmed for" in said(mo.post(f"{page}/confirm", follow_redirects=True))


def test_a6_a_new_approver_made_by_whoever_uses_the_sign_in(house: House) -> None:
    """One's own second account: added with the role, and added first, given the role later."""
    ann = house.desk.staff("admin")
    offer = house.offer(state="asked")
    for roles in (["approver"], ["viewer"]):
        fields: dict[str, Any] = {"email": f"puppet{len(roles[0])}@club.example", "name": "Puppet", "roles": roles}
        found = CODE.search(ann.post("/console/team/new", fields).text)
        assert found
        with house.desk.sessions() as session:
            puppet = colleagues.staff_of(session, fields["email"])
        assert puppet is not None
        hand = signed_in(house.desk, puppet, found[0])
        if roles == ["viewer"]:
            assert ann.post(f"/console/team/{puppet.id}/roles", {"roles": ["approver"]}).status_code == 303
            assert hand.get("/console/").status_code == 303, "signed out by the change"
            hand = signed_in(house.desk, puppet, NEW)
        assert approved(house, hand, offer).status_code == 409
    assert house.row(offer).state == "asked"


def test_a6_a_role_given_to_somebody_who_is_here_for_long(house: House) -> None:
    ann = house.desk.staff("admin")
    offer, viewer = house.offer(state="asked"), house.desk.hire("viewer", language="en")
    assert ann.post(f"/console/team/{viewer.id}/roles", {"roles": ["viewer", "approver"]}).status_code == 303
    answer = approved(house, house.hand(viewer), offer)
    assert (answer.status_code, "Your roles were changed on 12 Nov 2026 12:00." in said(answer)) == (409, True)


def test_a6_enabled_again_after_being_disabled(house: House) -> None:
    ann = house.desk.staff("admin")
    offer, where = house.offer(state="asked"), f"/console/team/{house.approver.id}"
    assert ann.post(f"{where}/disable").status_code == 303
    assert ann.post(f"{where}/enable").status_code == 303
    answer = approved(house, house.hand(house.approver), offer)
    assert (answer.status_code, "Your sign-in was enabled again" in said(answer)) == (409, True)


def test_a6_reset_by_command_waits_too(house: House) -> None:
    offer = house.offer(state="asked")
    done = command(house.desk, "reset", house.approver.email)
    assert done.exit_code == 0, done.output
    assert "wait for them until 2026-11-13 12:00 (Bangkok)" in done.output
    with house.desk.sessions.begin() as session:
        session.get_one(Staff, house.approver.id).password_until = None
    assert approved(house, house.hand(house.approver), offer).status_code == 409
    ann = house.desk.staff("admin")
    assert ann.post(f"/console/team/{house.approver.id}/confirm").status_code == 303
    assert approved(house, house.hand(house.approver), offer).status_code == 303


def test_a6_an_administrator_who_approves_does_not_approve_their_own_puppets_offer(house: House) -> None:
    """Ann is an approver too. She adds a marketer, writes as them, and would approve it herself."""
    ann = house.desk.staff("admin", "approver", name="Ann")
    fields = {"email": "pen@club.example", "name": "Pen", "roles": ["marketer"]}
    found = CODE.search(ann.post("/console/team/new", fields).text)
    assert found
    with house.desk.sessions() as session:
        pen = colleagues.staff_of(session, "pen@club.example")
    assert pen is not None
    house.marketer = pen
    offer = house.offer(state="asked")
    answer = approved(house, ann, offer)
    assert (answer.status_code, "You gave its writer their sign-in or role just before" in said(answer)) == (409, True)
    assert f"/console/offers/{offer}/approve" not in ann.get(f"/console/offers/{offer}/").text
    assert approved(house, house.hand(house.approver), offer).status_code == 303, "another approver can"
    house.desk.later(days=1, minutes=1)
    late = house.offer(state="asked")
    assert approved(house, ann.again(), late).status_code == 303, "written when nothing waited any more"


def late_use(house: House) -> Claim:
    """A claim used so long ago that taking it back needs two."""
    with house.desk.sessions.begin() as session:
        shop = factories.member(session, who := factories.person(session))
        offer = factories.privilege(session)
        used = {"state": "used", "used_at": NOON - timedelta(days=2), "use_started_at": NOON - timedelta(days=2)}
        row = Claim(privilege_id=offer.id, member_id=shop.id, person_id=who.id, holder=f"m{shop.id}", period="", slot=1,
                    claimed_at=NOON - timedelta(days=3), **used)  # fmt: skip
        session.add(row)
        session.flush()
        return row


def test_a6_money_waits_asking_and_deciding(house: House) -> None:
    """Corrections of stars and late undos: neither half is done by a sign-in that an administrator has just given."""
    ann, nok, may = (house.desk.staff(role) for role in ("admin", "finance", "viewer"))
    claim = late_use(house)
    with house.desk.sessions.begin() as session:
        account = factories.member(session, external_id="@money").external_id
        common: dict[str, Any] = {"club": house.club, "by": nok.staff.id, "now": NOON}
        correction = corrections.ask_one(
            session, account=account, stars=5, period=None, reason="promised", **common
        )  # fmt: skip
        undo = use_corrections.ask_undo(session, claim_id=claim.id, reason="wrong till", **common)
    for role in ("finance", "approver"):
        assert ann.post(f"/console/team/{may.staff.id}/roles", {"roles": [role]}).status_code == 303
        page = f"/console/corrections/{correction.id}"
        thief = may.again()
        for deed in ("grant", "refuse"):
            assert thief.post(f"{page}/{deed}", {"reason": "x"}).status_code == 409
            assert f"{page}/{deed}" not in thief.get(page).text
        assert WAITS in said(thief.get(page))
        assert "waits for you" not in thief.get("/console/").text
        decided = thief.post(f"/console/claims/{claim.id}/decide", {"request": undo.id, "yes": "1"})
        assert (decided.status_code, WAITS in said(decided)) == (409, True)
        assert f"/console/claims/{claim.id}/decide" not in thief.get(f"/console/claims/{claim.id}").text
    with house.desk.sessions.begin() as session:
        for wait in requests.open_requests(session, club=house.club):
            requests.withdraw(session, club=house.club, request_id=wait.id, by=nok.staff.id, now=NOON)
    assert ann.post(f"/console/team/{may.staff.id}/roles", {"roles": ["finance", "support"]}).status_code == 303
    thief = may.again()
    form = {"shape": "account", "account": account, "tier": "all", "stars": "5", "period": "", "reason": "x"}
    asked = thief.post("/console/corrections/new", form, content_type="multipart/form-data")
    assert (asked.status_code, WAITS in said(asked)) == (409, True)
    assert "Ask a second person" not in said(thief.get("/console/corrections/new"))
    assert thief.post(f"/console/claims/{claim.id}/ask", {"ask_reason": "x"}).status_code == 409
    with house.desk.sessions() as session:
        assert requests.open_requests(session, club=house.club) == []


def connected(house: House, staff: Staff) -> int:
    """The colleague's LINE chat, connected; our number of the person."""
    (person_id,) = house.people(1)
    with house.desk.sessions.begin() as session:
        session.add(StaffChat(club=CLUB, staff_id=staff.id, person_id=person_id, connected_at=NOON))
    return person_id


def told(house: House, person_id: int) -> list[str]:
    """What the job pushes into this chat."""
    make_work(house.desk.parts).pushes()
    return house.heard(person_id)


def test_a6_the_owner_and_all_administrators_are_told(house: House) -> None:
    """On the home page, in the journal, and at once in the chats that are connected."""
    ann, boy = house.desk.staff("admin", name="Ann"), house.desk.staff("admin", name="Boy", language="th")
    owner_chat, boys_chat = connected(house, house.approver), connected(house, boy.staff)
    reset(ann, house.approver)
    assert "Ann รีเซ็ตการเข้าสู่ระบบของ อนงค์ ศรีสุข" in told(house, owner_chat)[-1] or (
        "Ann reset the sign-in of อนงค์ ศรีสุข." in told(house, owner_chat)[-1]
    )
    assert len(told(house, boys_chat)) == len(told(house, owner_chat)) == 1, "once each"
    with house.desk.sessions.begin() as session:
        session.get_one(Staff, house.approver.id).password_until = None
    mine = said(house.hand(house.approver).get("/console/"))
    assert (
        f"Your sign-in was reset on 12 Nov 2026 12:00. Approvals, and whatever else needs a second person, {WAITS}"
        in mine
    )
    assert "It was made by Ann. If you did not expect it, tell another administrator at once." in mine
    theirs = said(boy.get("/console/"))
    assert "Ann รีเซ็ตการเข้าสู่ระบบของ อนงค์ ศรีสุข เมื่อ 12 พ.ย. 2569 12:00 น." in theirs
    assert "ต้องรอถึง 13 พ.ย. 2569 12:00 น." in theirs
    assert "reset" not in said(house.hand(house.marketer).get("/console/")), "no other colleague's business"
    house.desk.later(days=3)
    assert "No other administrator has confirmed it." in said(ann.again().get("/console/")), (
        "the day may have been a Sunday"
    )
    house.desk.later(days=4)
    assert "reset" not in said(ann.again().get("/console/"))
    with house.desk.sessions() as session:
        entries = session.query(JournalEntry).filter_by(subject_kind="staff", subject_id=house.approver.id).all()
        facts = [notice.facts for notice in session.query(Notice).filter_by(kind="staff_changed")]
    assert "staff_reset" in [entry.action for entry in entries]
    assert "อนงค์" not in str(facts), "a notice holds numbers, no names"


def test_a6_locking_out_the_other_administrators_begins_the_day_anew(house: House) -> None:
    """Ann resets an approver, and just before the day is over takes out who could still object."""
    ann, boy = house.desk.staff("admin"), house.desk.staff("admin")
    chat = connected(house, boy.staff)
    offer = house.offer(state="asked")
    reset(ann, house.approver)
    with house.desk.sessions.begin() as session:
        session.get_one(Staff, house.approver.id).password_until = None
    house.desk.later(hours=23)
    assert ann.again().post(f"/console/team/{boy.staff.id}/disable").status_code == 303
    assert len(told(house, chat)) == 2, "the disabled administrator is told of it, too"
    house.desk.later(hours=2)
    assert approved(house, house.hand(house.approver), offer).status_code == 409
    house.desk.later(hours=22)
    assert approved(house, house.hand(house.approver), offer).status_code == 303


def test_a6_a_chat_is_neither_connected_nor_cut_off_while_it_waits(house: House) -> None:
    """A chat connected as the approver would outlast the reset; one cut off would not hear of the next."""
    ann = house.desk.staff("admin")
    chat = connected(house, house.approver)
    thief = signed_in(house.desk, house.approver, reset(ann, house.approver))
    for deed in ("code", "disconnect"):
        assert WAITS in said(thief.post("/console/offers/chat", {"do": deed}, follow_redirects=True))
    assert 'value="disconnect"' not in thief.get("/console/offers/chat").text
    with house.desk.sessions() as session:
        row = session.query(StaffChat).filter_by(staff_id=house.approver.id).one()
        assert (row.person_id, row.code_hash) == (chat, None)
        assert session.get_one(Person, chat).friend


def test_b10_the_last_administrator_is_told_what_to_do(house: House) -> None:
    """Last-administrator refusals name the club and the remedy, in the console's words and the command's."""
    ann = house.desk.staff("admin")
    result = command(house.desk, "disable", ann.staff.email)
    assert result.exit_code == 1
    assert "then family_club would have no administrator who can sign in; make another one first" in result.output
    assert "flask staff add EMAIL" in result.output
    late = house.desk.hire("admin", password_until=NOON)
    assert command(house.desk, "roles", ann.staff.email, "--role", "viewer").exit_code == 1, "a password that ran out"
    assert command(house.desk, "reset", late.email).exit_code == 0
    assert command(house.desk, "roles", ann.staff.email, "--role", "viewer").exit_code == 0


def test_a6_confirming_what_does_not_wait_is_said(house: House) -> None:
    ann = house.desk.staff("admin")
    where = f"/console/team/{house.approver.id}"
    answer = ann.post(f"{where}/confirm")
    assert number(answer) == house.approver.id
    assert "Nothing waits to be confirmed any more." in said(ann.get(where))
    assert ann.post(f"/console/team/{ann.staff.id}/confirm").status_code == 403
