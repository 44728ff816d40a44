"""What stands in the way of a start is named, with the setting that leads around it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from demo import doors
from demo.plan import PlanError, make_plan


@pytest.mark.parametrize(
    ("setting", "other"), [("SITTHI_DEMO_PORT", "SITTHI_DEMO_LINE_PORT"), ("SITTHI_DEMO_LINE_PORT", "SITTHI_DEMO_PORT")]
)
def test_a_busy_port_is_named_with_its_setting(tmp_path: Path, setting: str, other: str) -> None:
    """Both ports of the demo: the number, and what to set."""
    with socket.socket() as taken, socket.socket() as spare:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        spare.bind(("127.0.0.1", 0))
        port, free = taken.getsockname()[1], spare.getsockname()[1]
        spare.close()
        plan = make_plan({"SITTHI_DATA_DIR": str(tmp_path), setting: str(port), other: str(free)})
        with pytest.raises(doors.DoorError, match=rf"Port {port}.*in use.*{setting}=\d+ make run"):
            doors.check_ports(plan)


def test_one_port_cannot_serve_both(tmp_path: Path) -> None:
    """Said before either half of the demo fails over it."""
    environ = {"SITTHI_DATA_DIR": str(tmp_path), "SITTHI_DEMO_PORT": "9000", "SITTHI_DEMO_LINE_PORT": "9000"}
    with pytest.raises(doors.DoorError, match="SITTHI_DEMO_PORT and SITTHI_DEMO_LINE_PORT are both 9000"):
        doors.check_ports(make_plan(environ))


@pytest.mark.parametrize("text", ["many", "0", "65536", "-1", "80 "])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    """With the setting's name and what to write."""
    with pytest.raises(PlanError, match=r"SITTHI_DEMO_PORT.*such as 8000"):
        make_plan({"SITTHI_DEMO_PORT": text})


def test_one_folder_has_one_demo(tmp_path: Path) -> None:
    """A second start on the same data is told so; once the first has ended it may."""
    with doors.hold(tmp_path), pytest.raises(doors.DoorError, match=f"runs already on the data in {tmp_path}"):
        doors.hold(tmp_path)
    doors.hold(tmp_path).close()


def test_every_process_gets_the_settings_of_the_demo(tmp_path: Path) -> None:
    """One environment for all: the demo's folder and simulator, whatever else the person has set."""
    plan = make_plan(
        {"SITTHI_DATA_DIR": str(tmp_path), "SITTHI_DEMO_LINE_PORT": "8123", "LINE_API_URL": "https://api.line.me"}
    )
    environment = plan.environment()
    assert environment["LINE_API_URL"] == plan.line_url == "http://127.0.0.1:8123"
    assert environment["SITTHI_ENV"] == "demo"
    assert environment["SITTHI_DATA_DIR"] == str(tmp_path)
    assert min(len(environment[name]) for name in environment if name.startswith("SITTHI_FAMILY_CLUB_")) >= 32
