"""D6: what whoever started the simulator offers beside the phones, and starting over through them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from demo.over import StartOver
from simulator.inprocess import Simulator
from simulator.owner import Owner, link


@pytest.fixture
def over() -> Iterator[StartOver]:
    """A launcher's ear."""
    found = StartOver()
    yield found
    found.close()


def test_d6_the_simulator_alone_offers_to_clear_line_alone() -> None:
    """No link, no starting over; asking for it all the same says what there is instead."""
    with Simulator() as simulator:
        state = requests.get(f"{simulator.url}/_sim/state", timeout=10).json()
        assert state["owner"] == {"start_over": False, "links": []}
        refused = requests.post(f"{simulator.url}/_sim/start-over", timeout=10)
        assert refused.status_code == 400
        assert "/_sim/reset" in refused.json()["error"]


def test_d6_starting_over_is_asked_of_the_launcher_and_its_progress_read(over: StartOver) -> None:
    """Once, however often the button is pressed; nobody else's page may ask; a launcher that is gone is told."""
    with Simulator(owner=Owner(over.url, (link("Console=http://127.0.0.1:8000/console/"),))) as simulator:
        state = requests.get(f"{simulator.url}/_sim/state", timeout=10).json()["owner"]
        assert state == {"start_over": True, "links": [{"name": "Console", "url": "http://127.0.0.1:8000/console/"}]}
        place = f"{simulator.url}/_sim/start-over"
        for site in ("cross-site", "same-site"):
            assert requests.post(place, headers={"Sec-Fetch-Site": site}, timeout=10).status_code == 400
        assert requests.post(over.url, timeout=10).status_code == 403
        assert not over.wanted(0)
        assert requests.post(place, timeout=10).json() == {"state": "working", "said": []}
        assert requests.post(place, timeout=10).json()["state"] == "working"
        assert over.wanted(1)
        assert not over.wanted(0)
        over.say("half of it")
        assert requests.get(place, timeout=10).json() == {"state": "working", "said": ["half of it"]}
        over.done()
        assert requests.get(place, timeout=10).json()["state"] == "ready"
        over.close()
        assert "does not answer" in requests.get(place, timeout=10).json()["error"]


@pytest.mark.parametrize("text", ["", "Console", "=http://x", "Console=/console", "Console=javascript:alert(1)"])
def test_d6_a_link_that_leads_nowhere_is_refused(text: str) -> None:
    """At start, with the way to write one."""
    with pytest.raises(ValueError, match="NAME=ADDRESS"):
        link(text)
