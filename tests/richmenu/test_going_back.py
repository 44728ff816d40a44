"""Going back: LINE refuses or does not answer on the way, and nobody sees a half."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bot.line import Line, Unknown
from clubs import Club
from richmenu.job import PublishError, RollbackUnfinished, RolledBack
from richmenu.publishing import publish
from simulator import Simulator
from tests.richmenu.conftest import Jobs, assert_whole, calls, people, seen, small

FAULTS = ["error_500_before", "error_500_after", "reset_after", "half_body", "rate_429"]


@pytest.mark.parametrize("kind", FAULTS)
def test_a_failed_upload_goes_back(
    kind: str, simulator: Simulator, job: Jobs, club: Club, session: Session, sessions: sessionmaker[Session]
) -> None:
    publish(job())
    (member,) = people(simulator, session, "member.th.main")
    publish(job())
    before = seen(simulator, member)
    nth = _third_upload(simulator, kind)
    with pytest.raises(RolledBack, match="nothing changed for anybody"):
        publish(job(small(club, changed=["guest.th.main", "member.th.main", "member.th.more"]), line=nth))
    simulator.clear_faults()
    assert_whole(simulator, sessions, club, small(club))
    assert seen(simulator, member) == before


def _third_upload(simulator: Simulator, kind: str) -> Any:
    """A line whose third upload meets the fault."""

    class Third(Line):
        uploads = 0

        def upload_menu_image(self, menu_id: str, image: bytes, content_type: str) -> None:
            self.uploads += 1
            if self.uploads == 3:
                simulator.fault(kind, path=f"/v2/bot/richmenu/{menu_id}/content", times=3)
            super().upload_menu_image(menu_id, image, content_type)

    return Third("token", simulator.url, simulator.url)


@pytest.mark.parametrize("path", ["/v2/bot/richmenu/alias/member-th-more", "/v2/bot/user/all/richmenu/"])
def test_a_failed_switch_goes_back(
    path: str, simulator: Simulator, job: Jobs, club: Club, sessions: sessionmaker[Session]
) -> None:
    """Half of the aliases point at new menus already when LINE refuses."""
    publish(job())
    simulator.fault("error_500_after", method="POST", path=path, times=1)
    with pytest.raises(RolledBack):
        publish(job(small(club, changed=["guest.th.main", "member.th.main", "member.th.more"])))
    simulator.clear_faults()
    assert_whole(simulator, sessions, club, small(club))


def test_a_failed_first_publication_leaves_the_channel_as_it_was(
    simulator: Simulator, line: Line, job: Jobs, club: Club
) -> None:
    theirs = line.create_menu({**small(club)[0].json, "name": "spring sale"})
    line.upload_menu_image(theirs, small(club)[0].picture, "image/png")
    line.set_default_menu(theirs)
    simulator.fault("error_500_after", method="POST", path="/v2/bot/user/all/richmenu/", times=1)
    with pytest.raises(RolledBack):
        publish(job())
    assert simulator.do(lambda line: (list(line.menus.all), line.menus.aliases, line.menus.default)) == (
        [theirs],
        {},
        theirs,
    )


def test_a_menu_line_would_refuse_is_found_before_anything_is_made(
    simulator: Simulator, job: Jobs, club: Club, sessions: sessionmaker[Session]
) -> None:
    publish(job())
    drawn = small(club, changed=["guest.th.main", "member.en.more"])
    drawn[-1].json["chatBarText"] = "far too long for LINE"
    calls(simulator)
    with pytest.raises(RolledBack, match="400"):
        publish(job(drawn))
    assert "POST richmenu" not in calls(simulator)
    assert_whole(simulator, sessions, club, small(club))


def test_line_gone_on_the_way_back_is_said_and_mended_by_the_next_run(
    simulator: Simulator, job: Jobs, club: Club, sessions: sessionmaker[Session]
) -> None:
    publish(job())
    changed = small(club, changed=["member.th.main", "member.th.more"])
    simulator.fault("error_500_after", method="POST", path="/v2/bot/richmenu/alias/member-th-more", times=1)
    simulator.fault("error_500_before", method="DELETE", path="/v2/bot/richmenu")
    with pytest.raises(RollbackUnfinished, match="run again"):
        publish(job(changed))
    simulator.clear_faults()
    publish(job(changed))
    assert_whole(simulator, sessions, club, changed)


def test_line_away_changes_nothing(simulator: Simulator, job: Jobs) -> None:
    simulator.fault("outage", seconds=60)
    with pytest.raises(PublishError, match="nothing was changed"):
        publish(job())
    assert not [call for call in calls(simulator) if not call.startswith("GET")]


def test_a_lost_answer_to_a_creation_leaves_no_orphan(simulator: Simulator, job: Jobs) -> None:
    with pytest.raises(RolledBack, match="no answer"):
        publish(job(line=_deaf_to_creations(simulator)))
    assert simulator.do(lambda line: len(line.menus.all)) == 0


def _deaf_to_creations(simulator: Simulator) -> Line:
    """A line that does not hear what came of its creations."""

    class Deaf(Line):
        def create_menu(self, menu: dict[str, Any]) -> str:
            super().create_menu(menu)
            raise Unknown("no answer")

    return Deaf("token", simulator.url, simulator.url)
