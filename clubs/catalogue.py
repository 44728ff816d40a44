"""Reading club files: every fault is told with the file, the key and the remedy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from clubs.club import Club, Labels, NewMember, Notices, Round, Stars, Terms, Tier

SHIPPED = Path(__file__).parent
LANGUAGES = ("th", "en", "ru")
UNITS = ("stars", "points", "cash", "stickers")
ROLES = ("administrator", "operator", "operator_no_broadcast", "operator_no_analytics")
BADGES = ("grey", "blue", "green")


class ClubFileError(Exception):
    """A club file is wrong. The message is `FILE: key: what is wrong; what to do`."""


def club_files(folder: Path | None = None) -> dict[str, Path]:
    """Club files by key (the file's name): those shipped, then those of the operator's `folder`, which win."""
    if folder is not None and not folder.is_dir():
        raise ClubFileError(f"{folder}: SITTHI_CLUBS_DIR names a folder that does not exist; create it or unset it")
    files = [*sorted(SHIPPED.glob("*.toml")), *(sorted(folder.glob("*.toml")) if folder else [])]
    return {file.stem: file for file in files}


def load_clubs(keys: Sequence[str] | None = None, folder: Path | None = None) -> dict[str, Club]:
    """The clubs named (default: all), by key. Raises `ClubFileError`."""
    files = club_files(folder)
    missing = [key for key in keys or () if key not in files]
    if missing:
        raise ClubFileError(f"no club file is called {missing[0]}.toml; there are: {', '.join(files) or 'none'}")
    return {key: load_club(files[key]) for key in (keys or files)}


def load_club(file: Path) -> Club:
    """The club of one file. Raises `ClubFileError` at the first fault."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8-sig"))  # some editors put a mark in front
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise ClubFileError(f"{file.name}: this is not TOML in UTF-8: {fault}; mend that place") from fault
    except OSError as fault:
        raise ClubFileError(f"{file}: can't be read: {fault.strerror}; mend its permissions or remove it") from fault
    return _club(_Table(file.name, data), file.stem)


class _Table:
    """One table of the file that knows its place, so that a fault can name it, and that notices keys nobody read."""

    def __init__(self, file: str, data: Mapping[str, Any], path: str = "") -> None:
        self.file, self.data, self.path, self.read = file, data, path, set[str]()

    def fault(self, key: str, what: str) -> ClubFileError:
        return ClubFileError(f"{self.file}: {self.path}{key}: {what}")

    def get(self, key: str, kind: type, example: str) -> Any:
        self.read.add(key)
        if key not in self.data:
            raise self.fault(key, f"is missing; add for example {key} = {example}")
        value = self.data[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.fault(key, f"is {value!r}; write for example {key} = {example}")
        return value

    def number(self, key: str, least: int, most: int) -> int:
        value: int = self.get(key, int, str(least))
        if not least <= value <= most:
            raise self.fault(key, f"is {value}; use a whole number from {least} to {most}")
        return value

    def one_of(self, key: str, choices: Sequence[str]) -> str:
        value: str = self.get(key, str, f'"{choices[0]}"')
        if value not in choices:
            raise self.fault(key, f"is {value!r}; use one of {', '.join(choices)}")
        return value

    def some_of(self, key: str, choices: Sequence[str] | None, example: str) -> tuple[str, ...]:
        values = self.get(key, list, example)
        for value in values:
            if not isinstance(value, str) or (choices is not None and value not in choices):
                among = f"; use some of {', '.join(choices)}" if choices else "; use quoted words"
                raise self.fault(key, f"holds {value!r}{among}")
        if len(set(values)) < len(values):
            raise self.fault(key, "names something twice; remove one")
        return tuple(values)

    def colour(self, key: str) -> str:
        value: str = self.get(key, str, '"#0B8457"')
        if not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
            raise self.fault(key, f"is {value!r}; write it as #rrggbb")
        return value

    def table(self, key: str) -> _Table:
        return _Table(self.file, self.get(key, dict, "{ … }"), f"{self.path}{key}.")

    def labels(self, key: str, languages: Sequence[str]) -> Labels:
        table = self.table(key)
        found = {language: table.get(language, str, '"…"').strip() for language in languages}
        empty = [language for language, label in found.items() if not label]
        if empty:
            raise table.fault(empty[0], "is empty; write what people shall read")
        table.done(extra=LANGUAGES)
        return found

    def done(self, extra: Sequence[str] = ()) -> None:
        unknown = sorted(set(self.data) - self.read - set(extra))
        if unknown:
            raise self.fault(unknown[0], "is not a key of a club file; remove it, or mend its spelling")


def _club(file: _Table, stem: str) -> Club:
    key = file.get("key", str, f'"{stem}"')
    if key != stem or not re.fullmatch(r"[a-z][a-z0-9_]{1,39}", key):
        raise file.fault(
            "key", f"is {key!r}; it must equal the file's name ({stem!r}), small letters, digits, underscores"
        )
    languages = file.some_of("languages", LANGUAGES, '["th", "en"]')
    if not languages:
        raise file.fault("languages", 'is empty; name at least one, such as ["th"]')
    club = Club(
        key=key,
        name=file.labels("name", languages),
        languages=languages,
        member=file.one_of("member", ("account", "person")),
        colour=file.colour("colour"),
        claiming_roles=file.some_of("claiming_roles", ROLES, '["administrator"]'),
        barred_badges=file.some_of("barred_badges", BADGES, '["green"]'),
        stars=_stars(file.table("stars"), languages),
        round=_round(file.table("round")),
        tiers=_tiers(file, languages),
        new_member=_new_member(file.table("new_member")),
        terms=_terms(file.table("terms"), languages),
        notices=_notices(file.table("notices")),
        contact=file.labels("contact", languages),
        examples=file.some_of("examples", None, '["tiers"]'),
    )
    if club.member == "account" and not club.claiming_roles:
        raise file.fault("claiming_roles", 'is empty: nobody could claim; name at least one, such as ["administrator"]')
    _check_examples(file, club)
    file.done()
    return club


def _stars(table: _Table, languages: Sequence[str]) -> Stars:
    services = table.some_of("services", None, '["official_account"]')
    names = table.table("service_names")
    for service in services:
        if service not in names.data:
            raise names.fault(service, 'is missing: services counts it; add its name, such as { th = "…", en = "…" }')
    rate = table.get("baht_per_star", str, '"1"')
    try:
        baht = Decimal(rate)
    except InvalidOperation:
        raise table.fault("baht_per_star", f'is {rate!r}; write an amount in quotes, such as "1" or "0.5"') from None
    if not baht.is_finite() or not Decimal("0.01") <= baht <= 10**6 or baht * 100 != int(baht * 100):
        raise table.fault("baht_per_star", f'is {rate}; use "0.01" to "1000000", in whole satang')
    found = Stars(
        unit=table.one_of("unit", UNITS),
        name=table.labels("name", languages),
        services=services,
        service_names={service: names.labels(service, languages) for service in names.data},
        baht_per_star=baht,
    )
    table.done()
    return found


def _round(table: _Table) -> Round:
    sign_off = "sign_off" in table.data and table.get("sign_off", bool, "false")
    found = Round(
        table.one_of("cycle", ("month",)), table.number("day", 1, 28), table.number("window", 1, 120), sign_off
    )
    table.done()
    return found


def _new_member(table: _Table) -> NewMember:
    again = table.number("again_after_days", 1, 36500) if "again_after_days" in table.data else None
    found = NewMember(table.number("days", 0, 3650), again)
    table.done()
    return found


def _terms(table: _Table, languages: Sequence[str]) -> Terms:
    version = table.get("version", str, '"2026-01"')
    if not re.fullmatch(r"[0-9A-Za-z._-]{1,20}", version):
        raise table.fault("version", f"is {version!r}; use up to 20 letters, digits, dots and dashes")
    found = Terms(version, {language: table.get(language, str, '"…"').strip() for language in languages})
    for language, text in found.text.items():
        if not 1 <= len(text) <= 2000:
            raise table.fault(language, f"has {len(text)} characters; the consent card holds 1 to 2000")
    table.done()
    return found


def _notices(table: _Table) -> Notices:
    found = Notices(table.one_of("tier_change", ("reply", "push")), table.number("reminder_days", 0, 60))
    table.done()
    return found


def _tiers(file: _Table, languages: Sequence[str]) -> tuple[Tier, ...]:
    tiers: list[Tier] = []
    for number, data in enumerate(file.get("tiers", list, '[{ key = "welcome", threshold = 0, … }]'), 1):
        if not isinstance(data, dict):
            raise file.fault("tiers", f"holds {data!r}; write each tier as a table, under [[tiers]]")
        table = _Table(file.file, data, f"tiers[{number}].")
        tier = Tier(
            key=table.get("key", str, '"welcome"'),
            threshold=table.number("threshold", 0, 10**12),
            name=table.labels("name", languages),
            colour=table.colour("colour"),
        )
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,19}", tier.key):
            raise table.fault("key", f"is {tier.key!r}; use small letters, digits and underscores, at most 20")
        if tier.key in [other.key for other in tiers]:
            raise table.fault("key", f"is {tier.key!r}, as that of a tier before; give it another")
        if tiers and tier.threshold <= tiers[-1].threshold:
            raise table.fault("threshold", f"is {tier.threshold}; make it higher than that of the tier before")
        table.done()
        tiers.append(tier)
    if not tiers or tiers[0].threshold != 0:
        raise file.fault("tiers", "must begin with the entry tier, threshold = 0")
    return tuple(tiers)


def _check_examples(file: _Table, club: Club) -> None:
    """A key marked as an example must exist, else the mark says nothing."""
    for name in club.examples:
        place: Any = file.data
        for part in name.split("."):
            place = place.get(part) if isinstance(place, Mapping) else None
        if place is None:
            raise file.fault("examples", f"names {name!r}, and this file has no such key; mend or remove it")
