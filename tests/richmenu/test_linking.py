"""Linking people to their menus: after the commit, again after a block, and never to the wrong menu for long."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bot.line import Line, NotFound, Unknown
from clubs import Club
from models import Person, PublishedMenu
from richmenu import linking, publishing
from simulator import Simulator
from tests import factories
from tests.factories import NOON
from tests.richmenu.conftest import Jobs, people, seen, small

LINKED = "/v2/bot/user/"


@pytest.fixture(autouse=True)
def published(job: Jobs) -> None:
    """The menus are at LINE."""
    publishing.publish(job())


def _link(sessions: sessionmaker[Session], line: Line, person: Person) -> bool:
    return linking.link(sessions, line, club="family_club", line_user_id=person.line_user_id)


def _now(session: Session, person: Person) -> str | None:
    session.refresh(person)
    session.commit()
    return person.menu_linked


def test_one_person_is_linked_once(
    simulator: Simulator, line: Line, session: Session, sessions: sessionmaker[Session]
) -> None:
    (person,) = people(simulator, session, "member.en.main")
    assert _link(sessions, line, person)
    assert str(seen(simulator, person)).startswith("member.en.main@")
    assert _now(session, person) == "member.en.main"
    before = len(simulator.calls(LINKED, "POST"))
    assert not _link(sessions, line, person)
    assert len(simulator.calls(LINKED, "POST")) == before


def test_who_changes_language_sees_the_other_menu(
    simulator: Simulator, line: Line, session: Session, sessions: sessionmaker[Session]
) -> None:
    (person,) = people(simulator, session, "member.th.main")
    _link(sessions, line, person)
    linking.want(person, "member.en.main")
    session.commit()
    _link(sessions, line, person)
    assert str(seen(simulator, person)).startswith("member.en.main@")


def test_whom_line_did_not_answer_for_is_found_by_the_repair(
    simulator: Simulator, line: Line, session: Session, sessions: sessionmaker[Session]
) -> None:
    (person,) = people(simulator, session, "member.th.main")
    simulator.fault("error_500_before", path=LINKED, times=3)
    with pytest.raises(Unknown):
        _link(sessions, line, person)
    assert _now(session, person) != "member.th.main"
    simulator.clear_faults()
    assert linking.repair(sessions, {"family_club": line}, NOON) == 1
    assert str(seen(simulator, person)).startswith("member.th.main@")
    assert linking.repair(sessions, {"family_club": line}, NOON) == 0


def test_who_blocked_us_is_left_alone_and_linked_again_after_following(
    simulator: Simulator, line: Line, session: Session, sessions: sessionmaker[Session]
) -> None:
    """LINE answers 200 for those who blocked us and links nothing: what it was told then does not count."""
    (person,) = people(simulator, session, "member.th.main")
    phone = simulator.do(lambda line: line.people[person.line_user_id])
    simulator.block(phone)
    person.friend = False
    session.commit()
    assert not _link(sessions, line, person)
    assert linking.repair(sessions, {"family_club": line}, NOON) == 0
    simulator.unblock(phone)
    person.friend, person.menu_linked = True, None
    session.commit()
    assert _link(sessions, line, person)
    assert str(seen(simulator, person)).startswith("member.th.main@")


def test_before_anything_is_published_nobody_is_linked(
    simulator: Simulator, line: Line, session: Session, sessions: sessionmaker[Session]
) -> None:
    (person,) = people(simulator, session, "member.th.main")
    session.query(PublishedMenu).delete()
    session.commit()
    assert not _link(sessions, line, person)
    assert linking.repair(sessions, {"family_club": line}, NOON) == 0


def test_many_are_linked_by_the_five_hundred(
    simulator: Simulator, line: Line, session: Session, sessions: sessionmaker[Session]
) -> None:
    for n in range(1, 1202):
        factories.person(session, line_user_id=f"U{n:032x}", menu_wanted="member.th.main" if n % 2 else "guest.en.main")
    session.commit()
    assert linking.repair(sessions, {"family_club": line}, NOON) == 1201
    sizes = [len(call["request"]["userIds"]) for call in simulator.calls("/v2/bot/richmenu/bulk/link")]
    assert sorted(sizes) == [100, 101, 500, 500]


def test_one_id_line_refuses_does_not_hold_up_the_others(
    simulator: Simulator, line: Line, session: Session, sessions: sessionmaker[Session]
) -> None:
    good = people(simulator, session, "member.th.main", "member.th.main")
    factories.person(session, line_user_id="Unot-an-id", menu_wanted="member.th.main")
    session.commit()
    done = linking.relink(sessions, line, club="family_club")
    assert (done.linked, done.refused) == (2, 1)
    assert all(str(seen(simulator, person)).startswith("member.th.main@") for person in good)


def test_one_clubs_line_away_does_not_hold_up_another(
    simulator: Simulator, line: Line, session: Session, sessions: sessionmaker[Session]
) -> None:
    (person,) = people(simulator, session, "member.th.main")
    other = {"key": "guest.th.main", "digest": "1", "rich_menu_id": "richmenu-1", "state": "live"}
    session.add(PublishedMenu(club="a_club_away", created_at=NOON, deleted_at=None, **other))
    factories.person(session, club="a_club_away", menu_wanted="guest.th.main")
    session.commit()
    away = Line("token", "http://127.0.0.1:9", "http://127.0.0.1:9")
    assert linking.repair(sessions, {"a_club_away": away, "family_club": line}, NOON) == 1
    assert str(seen(simulator, person)).startswith("member.th.main@")


def test_a_menu_gone_from_line_is_told_and_nobody_counts_as_linked(
    simulator: Simulator, line: Line, session: Session, sessions: sessionmaker[Session]
) -> None:
    (person,) = people(simulator, session, "member.th.main")
    simulator.do(lambda line: line.menus.all.clear())
    with pytest.raises(NotFound):
        _link(sessions, line, person)
    assert linking.repair(sessions, {"family_club": line}, NOON) == 0
    assert _now(session, person) != "member.th.main"


class Between(Line):
    """A line that lets something happen right after LINE heard us, before we write it down."""

    act: Any = None

    def link_menu(self, user_id: str, menu_id: str) -> None:
        super().link_menu(user_id, menu_id)
        act, self.act = self.act, None
        if act:
            act()


def test_published_while_linking_the_person_ends_on_the_new_menu(
    simulator: Simulator,
    job: Jobs,
    club: Club,
    session: Session,
    sessions: sessionmaker[Session],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """LINE heard of the old menu, then the new went live: what we heard may not be written down.

    Publishing stops before it links anybody, so that nothing but our own care finds it out.
    """
    (person,) = people(simulator, session, "member.th.main")
    changed = small(club, changed=["member.th.main"])
    slow = Between("token", simulator.url, simulator.url)

    def published() -> None:
        with monkeypatch.context() as stopped:
            stopped.setattr(publishing, "finish", lambda *_: None)
            publishing.publish(job(changed))

    slow.act = published
    assert not _link(sessions, slow, person)
    linking.repair(sessions, {"family_club": slow}, NOON)
    digest = next(menu.digest for menu in changed if menu.key == "member.th.main")
    assert seen(simulator, person) == f"member.th.main@{digest}"
    assert _now(session, person) == "member.th.main"


def test_two_attempts_at_once_settle_on_what_is_wanted(
    simulator: Simulator, line: Line, session: Session, sessions: sessionmaker[Session]
) -> None:
    """The older attempt is heard last and shows the wrong menu; neither is believed, and the repair puts it right."""
    (person,) = people(simulator, session, "member.th.main")

    def overtaken() -> None:
        linking.want(person, "member.en.main")
        session.commit()
        assert _link(sessions, line, person)
        with sessions() as other:
            old = other.query(PublishedMenu).filter_by(key="member.th.main", state="live").one()
            line.link_menu(person.line_user_id, str(old.rich_menu_id))

    slow = Between("token", simulator.url, simulator.url)
    slow.act = overtaken
    assert not _link(sessions, slow, person)
    assert str(seen(simulator, person)).startswith("member.th.main@")
    assert linking.repair(sessions, {"family_club": line}, NOON) == 1
    assert str(seen(simulator, person)).startswith("member.en.main@")
    assert _now(session, person) == "member.en.main"


class Waiting(Line):
    """A line that is slow to be heard: it waits to be let go."""

    called: threading.Event
    let_go: threading.Event

    def link_menu(self, user_id: str, menu_id: str) -> None:
        self.called.set()
        assert self.let_go.wait(20)
        super().link_menu(user_id, menu_id)


def test_an_attempt_overtaken_while_line_was_slow_is_not_believed(
    simulator: Simulator, session: Session, sessions: sessionmaker[Session]
) -> None:
    """The first attempt (Thai) is heard after the second (English), and written down before it."""
    (person,) = people(simulator, session, "member.th.main")
    first = Waiting("token", simulator.url, simulator.url)
    second = Between("token", simulator.url, simulator.url)
    first.called, first.let_go = threading.Event(), threading.Event()
    thread = threading.Thread(target=_link, args=(sessions, first, person))
    thread.start()
    assert first.called.wait(20)
    linking.want(person, "member.en.main")
    session.commit()

    def the_first_is_heard() -> None:
        first.let_go.set()
        thread.join(20)

    second.act = the_first_is_heard
    assert not _link(sessions, second, person)
    assert str(seen(simulator, person)).startswith("member.th.main@")
    linking.repair(sessions, {"family_club": second}, NOON)
    assert str(seen(simulator, person)).startswith("member.en.main@")


def test_repairs_side_by_side_link_everybody(
    simulator: Simulator, line: Line, session: Session, sessions: sessionmaker[Session]
) -> None:
    """Four repairs at once, over the same people: none waits for another for ever, and all end linked."""
    friends = people(simulator, session, *["member.th.main", "guest.en.main"] * 20)
    barrier, failures = threading.Barrier(4), []

    def run() -> None:
        barrier.wait()
        try:
            linking.relink(sessions, line, club="family_club")
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    linking.repair(sessions, {"family_club": line}, NOON)
    with sessions() as other:
        assert linking.count_behind(other, "family_club") == 0
    assert all(str(seen(simulator, friend)).startswith(str(friend.menu_wanted)) for friend in friends)


def test_no_row_is_locked_while_line_is_asked(
    simulator: Simulator, session: Session, sessions: sessionmaker[Session]
) -> None:
    """LINE may take ten seconds; the person's next turn must not wait for it."""
    (person,) = people(simulator, session, "member.th.main")
    slow = Between("token", simulator.url, simulator.url)

    def turn() -> None:
        with sessions.begin() as other:
            other.get(Person, person.id, with_for_update={"nowait": True})

    slow.act = turn
    assert _link(sessions, slow, person)
