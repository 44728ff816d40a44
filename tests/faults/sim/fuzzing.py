"""What is thrown at the program, and what it must not do: five targets, each case from a number that makes it again."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import text

from benefits import claim_lookup, use_links
from benefits.imports import FileRefused, accounts, admins, charges, codes, privileges
from handlers import ROUTES
from simulator import acts, taps
from tests.faults.sim import mangling
from tests.faults.sim.scene import PIN, account_id, user_id
from tests.faults.sim.steps import SPOKEN_AT, History
from tests.faults.sim.town import Grounds, Violation

PHRASES = tuple(phrase for route in ROUTES.routes for phrase in (*route.typed, *route.meaning))
NOT_AN_EVENT = "TypeError: an event that is not an object"
CELLS = (
    *("", "1", "0", "-1", "1.005", "9999999999.99", "1e5", "2026-10", "2569-10", "2026-13", "2026-10-20", "2026-02-30"),
    *(
        "2026-10-20T25:00",
        "@account0",
        "grey",
        "green",
        "administrator",
        "removed",
        "offer0",
        "offer1",
        "=1+1",
        '"',
        "a,b",
    ),
    *(
        user_id(0),
        "ร้านเมย์",
        "A" * 300,
        "\0",
        "\t",
        "\u202e",
        "'",
        "yes",
        "qr",
        "link",
        "https://x.example/",
        "INV1",
        "cafe",
    ),
)
FILES: dict[str, tuple[Any, str, str]] = {
    "charges": (charges, "charges", f"INV{{n}},{account_id(0)},official_account,100.00,7.00,2026-10,2026-10-20"),
    "accounts": (accounts, "members", f"@fuzz{{n}},ร้าน,grey,free,{user_id(1)},administrator"),
    "admins": (admins, "admins", f"{account_id(1)},{user_id(0)[:-8]}{{n:08x}},operator"),
    "codes": (codes, "codes", "offer1,FUZZ-{n}"),
    "privileges": (privileges, "privileges", "fuzz{n},cafe,สิทธิ์,Privilege"),
}


class Yard:
    """A running program with people, accounts and claims in it, to throw things at."""

    def __init__(self, grounds: Grounds) -> None:
        self.history = History(grounds)
        self.town = self.history.town
        self.history.take("begin", agreed=31)
        for offer in (0, 1, 3, 4, 7):
            self.history.take("say", who=0, kind=SPOKEN_AT["claim"], x=offer, y=0, to=0)
        for claim in range(5):
            self.history.take("say", who=0, kind=SPOKEN_AT["use"], x=claim, y=1, to=0)
        self.cases = 0

    def close(self) -> None:
        """The program stops."""
        self.history.close()

    def throw(self, target: str, number: int) -> None:
        """One case. Raises `Violation`, naming the case."""
        self.cases += 1
        try:
            TARGETS[target](self, Random(f"{target}:{number}"), number)
            self._look()
        except Exception as error:
            told = str(error) if isinstance(error, Violation) else repr(error)
            raise Violation(f"case {target}:{number}: {told}") from error

    def webhook(self, chance: Random, number: int) -> None:
        """Ten events, most of them wrong somewhere, in a body that may be broken too."""
        events = [mangling.event(chance, number * 10 + n) for n in range(10)]
        wrong = [mangling.mangled(chance, event) if chance.random() < 0.8 else event for event in events]
        status = self.town.grounds.doors[number % 2].post_raw(mangling.body(chance, wrong))
        if status not in (200, 400, 413):
            raise Violation(f"a webhook was answered {status}")

    def button(self, chance: Random, number: int) -> None:
        """Somebody presses a button with this data."""
        action = {"type": "postback", "label": "x", "data": mangling.data(chance)}
        person = self.town.platform.people[chance.randrange(5)]
        self._arrives(lambda line: taps.tap(line, person, action))

    def typed(self, chance: Random, number: int) -> None:
        """Somebody types something."""
        person, said = self.town.platform.people[chance.randrange(5)], mangling.text(chance, PHRASES)
        self._arrives(lambda line: acts.say(line, person, {"type": "text", "text": said}))

    def file(self, chance: Random, number: int) -> None:
        """A CSV file, wrong here and there: every row is accounted for, and again it lands nothing."""
        kind, table, pattern = chance.choice(list(FILES.values()))
        header = "privilege_id,partner_id,name_th,name_en" if kind is privileges else ",".join(kind.COLUMNS)
        raw = (
            "\n".join([header, *(_row(chance, pattern, number * 10 + n) for n in range(6))]).encode("utf-8", "replace")
            + b"\n"
        )
        raw = mangling.broken(chance, raw) if chance.random() < 0.3 else raw
        path = self.town.grounds.folder / "fuzz.csv"
        path.write_bytes(raw)
        more = {"vault": self.town.processes[0].parts.vault} if kind in (codes, privileges) else {}
        before = self._count(table)
        with contextlib.suppress(FileRefused):
            first, second = self._load(kind, path, more), self._load(kind, path, more)
            if first.rows != first.landed + first.unchanged + first.rejected or first.unchanged < 0:
                raise Violation(f"{table}: rows unaccounted for: {first}")
            if second.landed or second.rejected != first.rejected:
                raise Violation(f"{table}: the second time is not the first: {first}, then {second}")
            if self._count(table) - before > first.landed:
                raise Violation(f"{table}: more rows came than landed: {first}")

    def page(self, chance: Random, number: int) -> None:
        """Pages behind a token, and the partner's PIN: the real token, a changed one, nonsense."""
        token = self._token(chance)
        pages = ("/use/{}", "/use/{}/state", "/partner/{}", "/media/codes/{}.png", "/media/pictures/{}", "/static/{}")
        path = chance.choice(pages).format(quote(token, safe=chance.choice(("", "/"))))
        if chance.random() < 0.3:
            path += "?" + urlencode({"lang": chance.choice(("th", "en", "xx", "\0", "a" * 999))})
        pin = chance.choice((PIN, "0000", "", "\0", "9" * 100, "๑๒๓๔", mangling.text(chance, PHRASES)))
        form = {
            "do": chance.choice(("confirm", "undo", "")),
            "pin": pin,
            "reason": chance.choice(("mistake", "other", "x", "")),
        }
        form["note"] = mangling.text(chance, PHRASES)
        sent = urlencode({k: v.encode("utf-8", "replace") for k, v in form.items()}) if chance.random() < 0.6 else None
        origin = chance.choice(("https://club.example", "null", "https://evil.example", ""))
        status = self._ask(number % 2, path, sent, origin)
        if status >= 500:
            raise Violation(f"{'POST' if sent else 'GET'} {path[:300]} was answered {status}")

    def _arrives(self, deed: Callable[[Any], Any]) -> None:
        events = self.town.events(deed)
        status = self.town.post(events, 0)
        if status != 200:
            raise Violation(f"answered {status}: {events}")

    def _look(self) -> None:
        for process in self.town.processes:
            process.settle()
            if process.errors:
                raise Violation(f"an error in a sending thread: {process.errors[0]!r}")
        with self.town.engine.connect() as connection:
            query = text("SELECT error, event FROM turns WHERE state = 'parked' AND error <> :fair")
            for error, event in connection.execute(query, {"fair": NOT_AN_EVENT}):
                raise Violation(f"parked: {error}: {str(event)[:1000]}")
        wrong = self.town.platform.refused_content()
        if wrong:
            raise Violation(f"LINE would not take what was said: {wrong[0]}")

    def _load(self, kind: Any, path: Any, more: dict[str, Any]) -> Any:
        parts = self.town.processes[0].parts
        return kind.load(parts.engine, club=parts.clubs["family_club"], file=path, now=self.town.clock.at, **more)

    def _count(self, table: str) -> int:
        with self.town.engine.connect() as connection:
            return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

    def _token(self, chance: Random) -> str:
        ids = [claim.id for claim in self.town.club.claims.values()]
        with self.town.sessions() as session:
            token = use_links.page_token(session, claim_lookup.find(session, chance.choice(ids)))
        if chance.random() < 0.5:
            return token
        return (
            mangling.broken(chance, token.encode()).decode("utf-8", "replace") if chance.random() < 0.7 else "x" * 5000
        )

    def _ask(self, door: int, path: str, form: str | None, origin: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.town.grounds.doors[door].port, timeout=90)
        try:
            headers = (
                {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin} if form is not None else {}
            )
            connection.request("GET" if form is None else "POST", path, form, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()


def _row(chance: Random, pattern: str, number: int) -> str:
    cells = pattern.format(n=number).split(",")
    for _ in range(chance.choice((0, 0, 1, 1, 2))):
        cells[chance.randrange(len(cells))] = chance.choice(CELLS)
    return ",".join(cells)


TARGETS: dict[str, Callable[[Yard, Random, int], None]] = {
    "webhook": Yard.webhook,
    "button": Yard.button,
    "typed": Yard.typed,
    "file": Yard.file,
    "page": Yard.page,
}
