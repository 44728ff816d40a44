"""Publishing: what changes, what does not, and what happens when LINE says no."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from bot.line import Line
from clubs import Club
from models import PublishedMenu
from richmenu.job import Busy, Paused, PublishError
from richmenu.publishing import _alone, dry_run, publish
from simulator import Simulator
from tests.factories import NOON
from tests.richmenu.conftest import Jobs, assert_whole, calls, people, seen, small

WRITING = ("POST", "PUT", "DELETE")


def writes(simulator: Simulator) -> Counter[str]:
    """The calls that change something."""
    return Counter({call: n for call, n in calls(simulator).items() if call.startswith(WRITING)})


def test_an_empty_channel_gets_every_menu(
    simulator: Simulator, job: Jobs, club: Club, sessions: sessionmaker[Session]
) -> None:
    said: list[str] = []
    publish(job(said=said))
    assert_whole(simulator, sessions, club, small(club))
    assert "made member.th.main (2 of 6)" in said
    assert writes(simulator) == {
        "POST richmenu/validate": 6,
        "POST richmenu": 6,
        "POST richmenu/{id}/content": 6,
        "POST richmenu/alias": 6,
        "POST user/all/richmenu/{id}": 1,
    }


def test_publishing_again_changes_nothing(simulator: Simulator, job: Jobs) -> None:
    publish(job())
    calls(simulator)
    said: list[str] = []
    publish(job(said=said))
    assert calls(simulator) == {"GET richmenu/list": 1, "GET richmenu/alias/list": 1, "GET user/all/richmenu": 1}
    assert said == ["nothing to do: 6 menus are as they should be"]


def test_one_changed_label_replaces_one_menu(
    simulator: Simulator, job: Jobs, club: Club, session: Session, sessions: sessionmaker[Session]
) -> None:
    publish(job())
    member, reader, guest = people(simulator, session, "member.th.main", "member.en.main", "guest.th.main")
    publish(job())
    before = {who.id: seen(simulator, who) for who in (member, reader, guest)}
    calls(simulator)
    changed = small(club, changed=["member.th.more"])
    publish(job(changed))
    assert writes(simulator) == {
        "POST richmenu/validate": 1,
        "POST richmenu": 1,
        "POST richmenu/{id}/content": 1,
        "POST richmenu/alias/member-th-more": 1,
        "POST richmenu/bulk/link": 1,
        "DELETE richmenu/{id}": 1,
    }
    assert_whole(simulator, sessions, club, changed)
    assert {who.id: seen(simulator, who) for who in (member, reader, guest)} == before


def test_who_stands_on_a_replaced_tab_is_brought_to_the_first(
    simulator: Simulator, job: Jobs, club: Club, session: Session
) -> None:
    """A tab tapped is a menu of that person's own: LINE would show the guest's once it is deleted."""
    publish(job())
    (member,) = people(simulator, session, "member.th.main")
    publish(job())
    assert str(seen(simulator, member)).startswith("member.th.main@")
    tab = {"type": "richmenuswitch", "richMenuAliasId": "member-th-more", "data": "tb:more"}
    simulator.tap(simulator.do(lambda line: line.people[member.line_user_id]), tab)
    assert str(seen(simulator, member)).startswith("member.th.more@")
    publish(job(small(club, changed=["member.th.more"])))
    assert str(seen(simulator, member)).startswith("member.th.main@")


def test_a_changed_main_menu_reaches_those_who_had_the_old(
    simulator: Simulator, job: Jobs, club: Club, session: Session
) -> None:
    publish(job())
    friends = people(simulator, session, *["member.th.main"] * 3)
    publish(job())
    changed = small(club, changed=["member.th.main"])
    publish(job(changed))
    digest = next(menu.digest for menu in changed if menu.key == "member.th.main")
    assert [seen(simulator, friend) for friend in friends] == [f"member.th.main@{digest}"] * 3


def test_an_old_label_back_again_takes_the_old_menu_if_it_is_still_there(
    simulator: Simulator, job: Jobs, club: Club, sessions: sessionmaker[Session]
) -> None:
    publish(job())
    simulator.fault("error_500_before", method="DELETE", path="/v2/bot/richmenu")
    with pytest.raises(PublishError, match="the new menus are live"):
        publish(job(small(club, changed=["guest.th.main"])))
    simulator.clear_faults()
    calls(simulator)
    publish(job())
    assert "POST richmenu" not in calls(simulator)
    assert_whole(simulator, sessions, club, small(club))


def test_a_dropped_language_leaves_nobody_without_a_menu(
    simulator: Simulator, job: Jobs, club: Club, session: Session, sessions: sessionmaker[Session]
) -> None:
    publish(job())
    member, guest = people(simulator, session, "member.en.main", "guest.en.main")
    publish(job())
    publish(job(small(club, languages=["th"])))
    assert_whole(simulator, sessions, club, small(club, languages=["th"]))
    assert str(seen(simulator, member)).startswith("member.th.main@")
    assert str(seen(simulator, guest)).startswith("guest.th.main@")


def test_foreign_menus_are_not_touched(
    simulator: Simulator, line: Line, job: Jobs, club: Club, sessions: sessionmaker[Session]
) -> None:
    theirs = [
        line.create_menu({**small(club)[0].json, "name": name}) for name in ("spring sale", "sitthi/other_club/x@1")
    ]
    publish(job())
    publish(job(small(club, changed=["guest.th.main"])))
    assert set(theirs) <= set(simulator.do(lambda line: list(line.menus.all)))


def test_menus_of_ours_unknown_to_the_ledger_are_adopted_or_deleted(
    simulator: Simulator, line: Line, job: Jobs, club: Club, sessions: sessionmaker[Session]
) -> None:
    """With a picture, without one, twice the same, and of a version nobody wants."""
    first, second, *_ = drawn = small(club)
    complete = line.create_menu(first.json)
    line.upload_menu_image(complete, first.picture, "image/png")
    bare, twin = line.create_menu(second.json), line.create_menu(second.json)
    stale = line.create_menu({**first.json, "name": "sitthi/family_club/guest.th.main@0123"})
    calls(simulator)
    publish(job())
    assert_whole(simulator, sessions, club, drawn)
    assert calls(simulator)["POST richmenu"] == 4
    left = simulator.do(lambda line: set(line.menus.all))
    assert {complete, bare} <= left
    assert not left & {twin, stale}


def test_a_menu_deleted_by_hand_is_made_again(
    simulator: Simulator, job: Jobs, club: Club, sessions: sessionmaker[Session], session: Session
) -> None:
    publish(job())
    (member,) = people(simulator, session, "member.th.main")
    publish(job())
    seen(simulator, member)
    simulator.do(lambda line: line.menus.remove(line.people[member.line_user_id].menu))
    publish(job())
    assert_whole(simulator, sessions, club, small(club))
    assert str(seen(simulator, member)).startswith("member.th.main@")


def test_the_dry_run_says_all_and_does_nothing(
    simulator: Simulator, job: Jobs, club: Club, session: Session, sessions: sessionmaker[Session]
) -> None:
    publish(job())
    people(simulator, session, "member.th.main")
    publish(job())
    calls(simulator)
    plan = dry_run(job(small(club, changed=["member.th.main"])))
    assert not [call for call in calls(simulator) if not call.startswith("GET")]
    text = "\n".join(plan.sentences())
    assert "make member.th.main@" in text
    assert "keep guest.th.main" in text
    assert "point alias member-th-main" in text
    assert "link 1 people" in text
    assert text.count("delete ") == 1
    with sessions() as other:
        assert other.scalar(select(func.count()).select_from(PublishedMenu)) == 6
    assert dry_run(job()).empty


def test_the_hourly_limit_pauses_before_line_does(
    simulator: Simulator, job: Jobs, club: Club, session: Session, sessions: sessionmaker[Session]
) -> None:
    """97 made 40 minutes ago: three fit, the rest when the hour is over; nobody sees half."""
    made = NOON - timedelta(minutes=40)
    for n in range(97):
        row = {"key": "guest.th.main", "digest": str(n), "state": "retired", "rich_menu_id": f"richmenu-{n}"}
        session.add(PublishedMenu(club=club.key, created_at=made, deleted_at=made - timedelta(hours=1), **row))
    session.commit()
    said: list[str] = []
    with pytest.raises(Paused, match="12 Nov 2026 12:20") as paused:
        publish(job(said=said))
    assert "3 of the new menus must wait: LINE makes 100 an hour" in said
    assert paused.value.until == made + timedelta(hours=1)
    assert calls(simulator)["POST richmenu"] == 3
    assert simulator.do(lambda line: (line.menus.default, line.menus.aliases)) == (None, {})
    with pytest.raises(Paused):
        publish(job())
    assert calls(simulator)["POST richmenu"] == 0
    publish(job(now=paused.value.until))
    assert calls(simulator)["POST richmenu"] == 3
    assert_whole(simulator, sessions, club, small(club))


def test_the_hourly_limit_holds_for_deletions_too(
    simulator: Simulator, job: Jobs, club: Club, session: Session, sessions: sessionmaker[Session]
) -> None:
    publish(job())
    for n in range(99):
        row = {"key": "guest.th.main", "digest": str(n), "state": "retired", "rich_menu_id": f"richmenu-{n}"}
        session.add(PublishedMenu(club=club.key, created_at=NOON - timedelta(days=1), deleted_at=NOON, **row))
    session.commit()
    changed = small(club, changed=["guest.th.main", "guest.en.main"])
    with pytest.raises(Paused, match="1 are left"):
        publish(job(changed))
    assert simulator.do(lambda line: len(line.menus.all)) == 7
    publish(job(changed, now=NOON + timedelta(hours=1)))
    assert_whole(simulator, sessions, club, changed)


def test_a_limit_others_used_up_pauses_as_well(
    simulator: Simulator, job: Jobs, club: Club, sessions: sessionmaker[Session]
) -> None:
    def spend(line: Any) -> None:
        for _ in range(98):
            line.buckets.take("POST /v2/bot/richmenu")

    simulator.do(spend)
    with pytest.raises(Paused, match="LINE makes no more menus for now"):
        publish(job())
    simulator.advance(3600)
    publish(job(now=NOON + timedelta(hours=1)))
    assert_whole(simulator, sessions, club, small(club))


def test_only_one_publication_at_a_time(simulator: Simulator, job: Jobs) -> None:
    with _alone(job()), pytest.raises(Busy):
        publish(job())
    assert not calls(simulator)
