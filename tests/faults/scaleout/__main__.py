"""`python -m tests.faults.scaleout`: five hosts on this machine; one of each kind is killed and cut off while people press."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import requests

from benefits.vault import Vault
from clock import MovableClock
from clubs import load_club
from clubs.catalogue import SHIPPED
from database import migrate
from database.engine import make_engine, make_sessions
from simulator import Simulator
from tests.conftest import ROOT, TEST_KEYS
from tests.conversations.chat import CLUB, SECRET, TOKEN
from tests.faults.scaleout import farm, offering, town
from tests.faults.scaleout.balancer import Balancer
from tests.faults.scaleout.network import CannotBuild, Host, hosts
from tests.faults.scaleout.reckoning import reckon, waiting

NAMES = ("world", "db", "web1", "web2", "job1", "job2")
INSIDE = "SITTHI_SCALEOUT_LAN"


def main() -> int:
    """Build the network, then do the rest inside it, on the host `world`."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.scaleout", description=__doc__)
    parser.add_argument("--seconds", type=int, default=40, help="how long people press (default 40)")
    parser.add_argument("--people", type=int, default=6, help="how many press at once (default 6)")
    parser.add_argument("--readers", type=int, default=3000, help="friends who get the offer (default 3000)")
    options = parser.parse_args()
    if INSIDE in os.environ:
        made = {name: Host(os.environ[INSIDE], name, number) for number, name in enumerate(NAMES, 2)}
        return play(made, options)
    try:
        with hosts(NAMES) as made:
            again = made["world"].command([sys.executable, "-m", "tests.faults.scaleout", *sys.argv[1:]])
            return subprocess.run(
                again, cwd=ROOT, env={**os.environ, INSIDE: made["world"].lan}, check=False
            ).returncode
    except CannotBuild as why:
        print(why, file=sys.stderr)
        return 2


def play(made: dict[str, Host], options: argparse.Namespace) -> int:
    """The whole run; 0 when nothing was lost or doubled."""
    with tempfile.TemporaryDirectory(prefix="sitthi-scaleout-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        try:
            return _play(made, folder, options)
        finally:
            farm.stop_database(folder / "db")


def _play(made: dict[str, Host], folder: Path, options: argparse.Namespace) -> int:
    database_url = farm.start_database(made["db"], folder / "db")
    engine = make_engine(database_url)
    migrate.upgrade(engine)
    now = _noon()
    MovableClock(folder / "clock.json", now)
    world = made["world"].address
    with Simulator(f"http://{world}:9000/callback/{CLUB}", SECRET, token=TOKEN, host=world, port=8100) as line:
        line.move_to(now)
        line.set(redelivery=True, redelivery_after_seconds=4, redelivery_times=30)
        club = load_club(SHIPPED / "family_club.toml")
        with make_sessions(engine, vault=Vault(TEST_KEYS))() as session:
            place = town.settle(session, line, (club.terms.version, club.terms.sha256("th")), now, options.readers)
            offers = offering.approved(session, club, now, options.seconds, len(place.phones) + options.readers)
        engine.dispose()
        parts = {n: farm.web(made[n], database_url, line.url, folder) for n in ("web1", "web2")}
        parts |= {n: farm.job(made[n], database_url, line.url, folder) for n in ("job1", "job2")}
        for part in parts.values():
            part.start()
        Balancer(world, 9000, [(made[n].address, farm.WEB_PORT) for n in ("web1", "web2")]).start()
        try:
            _ready(made)
            _press_while_things_break(made, parts, line, place, options)
            farm.until("every event stored", lambda: line.do(lambda p: p.webhooks.idle and not len(p.timers)), 120)
            farm.until("both offers sent", lambda: offering.over(database_url), 180)
            farm.until("every reply finished", lambda: reckon(database_url, line, place).wrong == [], 150)
        except TimeoutError as error:
            print(error, *waiting(database_url), sep="\n   ")
        account = reckon(database_url, line, place)
        offering.reckon(database_url, line, offers, len(place.phones) + options.readers, account)
        for part in parts.values():
            part.kill()
    print("\n".join(account.lines))
    for fault in account.wrong:
        print("WRONG:", fault)
    print("nothing lost, nothing doubled" if not account.wrong else f"logs: {_keep(folder)}")
    return 1 if account.wrong else 0


def _press_while_things_break(
    made: dict[str, Host], parts: dict[str, farm.Part], line: Simulator, place: town.Town, options: argparse.Namespace
) -> None:
    stop = threading.Event()
    people = [threading.Thread(target=_press, args=(stop, line, place, seed)) for seed in range(options.people)]
    for person in people:
        person.start()
    begun, share = time.monotonic(), options.seconds / 8
    story: tuple[tuple[str, tuple[Callable[[], None], ...]], ...] = (
        ("web1 and job1 are cut off", (made["web1"].cut_off, made["job1"].cut_off)),
        ("their cables are back", (made["web1"].plug_in, made["job1"].plug_in)),
        ("web2 and job2 are killed", (parts["web2"].kill, parts["job2"].kill)),
        ("both are started again", (parts["web2"].start, parts["job2"].start)),
        ("web2 is cut off, job1 killed", (made["web2"].cut_off, parts["job1"].kill)),
        ("both are back", (made["web2"].plug_in, parts["job1"].start)),
        ("quiet", ()),
    )
    for what, acts in story:
        time.sleep(share)
        for act in acts:
            act()
        print(f"{time.monotonic() - begun:5.1f} s  {what}; {place.pressed} presses so far", flush=True)
    time.sleep(share)
    stop.set()
    for person in people:
        person.join(30)


def _press(stop: threading.Event, line: Simulator, place: town.Town, seed: int) -> None:
    rng = random.Random(seed)
    while not stop.is_set():
        place.press(line, rng)
        time.sleep(rng.random() * 0.15)


def _ready(made: dict[str, Host]) -> None:
    for name in ("web1", "web2"):
        url = f"http://{made[name].address}:{farm.WEB_PORT}/readyz"
        farm.until(f"{name} is ready", partial(_answers, url))


def _answers(url: str) -> bool:
    return requests.get(url, timeout=2).ok


def _noon() -> datetime:
    """Noon in Bangkok of the twelfth of this month or the last: a day on which everything may be claimed."""
    today = datetime.now(UTC)
    month = today.replace(day=1) - timedelta(days=1) if today.day < 12 else today
    return month.replace(day=12, hour=5, minute=0, second=0, microsecond=0)


def _keep(folder: Path) -> str:
    """Where the logs were put, so that they can be read."""
    kept = Path(tempfile.mkdtemp(prefix="sitthi-scaleout-logs-", dir="/tmp"))
    for log in folder.glob("*.log"):
        (kept / log.name).write_bytes(log.read_bytes())
    return str(kept)


if __name__ == "__main__":
    sys.exit(main())
