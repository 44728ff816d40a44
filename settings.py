"""Settings, read once from the environment. The program refuses to start when one is missing or weak."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

LINE_API = "https://api.line.me"
LINE_API_DATA = "https://api-data.line.me"
ENVIRONMENTS = ("production", "demo", "test")
ADDRESS = re.compile(r"https?://([\w.-]+|\[[0-9a-fA-F:]+\])(:\d+)?(/[^\s?#]*)?")
DEMO_KEY = "the-demo-key-protects-nothing-and-says-so"


class SettingsError(Exception):
    """One or more settings are missing or weak; the message names each with its remedy."""


@dataclass(frozen=True)
class ChannelSettings:
    """What one club's LINE channel needs. Two secrets while rotating: either is accepted."""

    secrets: tuple[str, ...]
    token: str

    def __repr__(self) -> str:
        return "ChannelSettings(…)"


@dataclass(frozen=True)
class Settings:
    """Everything the environment says, checked. URLs carry no trailing slash."""

    env: str
    database_url: str | None
    data_dir: Path
    clubs: tuple[str, ...] | None
    clubs_dir: Path | None
    line_api_url: str
    line_data_url: str
    public_url: str
    secret_keys: tuple[str, ...]
    channels: Mapping[str, ChannelSettings]
    now: datetime | None

    @property
    def production(self) -> bool:
        """True unless this is a demo or a test."""
        return self.env == "production"

    def __repr__(self) -> str:
        return f"Settings(env={self.env!r}, data_dir={str(self.data_dir)!r})"


def read_settings(environ: Mapping[str, str], known_clubs: tuple[str, ...]) -> Settings:
    """Settings from `environ` for the clubs named by `SITTHI_CLUBS` (default `known_clubs`).

    Raises `SettingsError` naming every fault at once, so that an operator mends them in one go.
    """
    faults: list[str] = []
    env = environ.get("SITTHI_ENV") or "production"
    if env not in ENVIRONMENTS:
        faults.append(f"SITTHI_ENV is {env!r}: use one of {', '.join(ENVIRONMENTS)}")
    strict = env not in ("demo", "test")
    named = tuple(part.strip() for part in environ.get("SITTHI_CLUBS", "").split(",") if part.strip())
    clubs = named or known_clubs
    faults += [
        f"SITTHI_CLUBS names {name!r}, and no club file is called so" for name in named if name not in known_clubs
    ]
    if strict and environ.get("FLASK_DEBUG", "0").casefold() not in ("", "0", "false", "no"):
        faults.append("FLASK_DEBUG is on: it shows the program's inside to strangers; unset it")
    line = _line_api_url(environ, faults)
    found = Settings(
        env=env,
        database_url=_database_url(environ, faults),
        data_dir=Path(environ.get("SITTHI_DATA_DIR") or "var").absolute(),
        clubs=clubs,
        clubs_dir=Path(environ["SITTHI_CLUBS_DIR"]) if environ.get("SITTHI_CLUBS_DIR") else None,
        line_api_url=line or LINE_API,
        line_data_url=line or LINE_API_DATA,
        public_url=_public_url(environ, strict, faults),
        secret_keys=_secret_keys(environ, strict, faults),
        channels={club: _channel(environ, club, strict, faults) for club in clubs if club in known_clubs},
        now=_now(environ, strict, faults),
    )
    if faults:
        raise SettingsError(
            "\n".join(["The settings need mending before this can start:", *(f"- {f}" for f in faults)])
        )
    return found


def _line_api_url(environ: Mapping[str, str], faults: list[str]) -> str:
    url = environ.get("LINE_API_URL", "").rstrip("/")
    if url and not ADDRESS.fullmatch(url):
        faults.append(f"LINE_API_URL is {url!r}: write an address such as {LINE_API}, or unset it")
    return url


def _database_url(environ: Mapping[str, str], faults: list[str]) -> str | None:
    url = environ.get("DATABASE_URL") or None
    if url and not url.startswith(("postgresql://", "postgres://")):  # it may hold a password: it is not repeated
        faults.append(
            "DATABASE_URL must start with postgresql://, or be unset: then the database that comes along is used"
        )
    return url


def _public_url(environ: Mapping[str, str], strict: bool, faults: list[str]) -> str:
    url = environ.get("SITTHI_PUBLIC_URL", "").rstrip("/")
    if strict and not url:
        faults.append("SITTHI_PUBLIC_URL is missing: the https address under which LINE and members reach this program")
    elif strict and not (url.startswith("https://") and ADDRESS.fullmatch(url)):
        faults.append("SITTHI_PUBLIC_URL must start with https:// and name a host: LINE sends webhooks over https only")
    return url or "http://127.0.0.1:8000"


def _secret_keys(environ: Mapping[str, str], strict: bool, faults: list[str]) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in environ.get("SITTHI_SECRET_KEYS", "").split(",") if key.strip())
    remedy = "make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
    if strict and not keys:
        faults.append(f"SITTHI_SECRET_KEYS is missing: {remedy}")
    if strict:
        faults += [
            f"SITTHI_SECRET_KEYS: key number {n} is weak (short, or made of few different characters); {remedy}"
            for n, key in enumerate(keys, 1)
            if not _strong(key)
        ]
    return keys or (DEMO_KEY,)


def _strong(key: str) -> bool:
    """At least 32 characters that carry at least 96 bits, counted by how often each occurs; not one we publish."""
    counts = Counter(key)
    bits = -sum(n * math.log2(n / len(key)) for n in counts.values())
    return len(key) >= 32 and bits >= 96 and key != DEMO_KEY


def _channel(environ: Mapping[str, str], club: str, strict: bool, faults: list[str]) -> ChannelSettings:
    prefix = f"SITTHI_{club.upper()}_CHANNEL"
    secrets = tuple(part.strip() for part in environ.get(f"{prefix}_SECRET", "").split(",") if part.strip())
    token = environ.get(f"{prefix}_TOKEN", "").strip()
    if strict and not secrets:
        faults.append(
            f"{prefix}_SECRET is missing: LINE Developers console, the channel's Basic settings, Channel secret"
        )
    if len(secrets) > 2:
        faults.append(
            f"{prefix}_SECRET holds {len(secrets)} secrets: at most two, separated by a comma, while rotating"
        )
    if strict and not all(_likely(secret) for secret in secrets):
        faults.append(
            f"{prefix}_SECRET is shorter than 32 characters, or made of few different ones: copy LINE's secret again"
        )
    if strict and not _likely(token):
        faults.append(
            f"{prefix}_TOKEN is missing or short: LINE Developers console, Messaging API, Channel access token"
        )
    if strict and not all(ord(char) < 128 for char in token + "".join(secrets)):
        faults.append(f"{prefix}_SECRET or _TOKEN holds characters that LINE never uses: copy it again")
    return ChannelSettings(secrets or ("demo-secret",), token or "demo-token")


def _likely(given: str) -> bool:
    """Whether LINE may have given this: 32 characters or more, not the same few over and over."""
    return len(given) >= 32 and len(set(given)) >= 8


def _now(environ: Mapping[str, str], strict: bool, faults: list[str]) -> datetime | None:
    text = environ.get("SITTHI_NOW")
    if not text:
        return None
    if strict:
        faults.append("SITTHI_NOW moves the clock and is accepted only with SITTHI_ENV=demo or test: unset it")
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        faults.append(f"SITTHI_NOW is {text!r}: write ISO 8601 with an offset, such as 2026-11-02T09:00:00+07:00")
        return None
    if when.tzinfo is None:
        faults.append(f"SITTHI_NOW is {text!r}, without a zone: add an offset, such as +07:00")
        return None
    return when
