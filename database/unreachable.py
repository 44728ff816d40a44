"""Why no connection to PostgreSQL can be made, in one sentence with its remedy.

What libpq says is read and never repeated: where a password is written wrongly it takes part of it for a host's name.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from database.account import DatabaseError

SECONDS = 2
EMBEDDED = (
    "The embedded database does not answer. `python -m database status` tells whether it runs, postgres.log why not."
)
WAITS = ("refused", "unknown", "silent", "full", "starting")
"""What may pass by itself: a program that goes on running tries again. All else is a mistake in `DATABASE_URL`."""
SIGNS = (
    ("password", r"authentication failed|no password supplied|role .* does not exist"),
    ("database", r"database .* does not exist"),
    ("entry", r"no pg_hba\.conf entry"),
    ("tls", r"does not support ssl"),
    ("certificate", r"certificate|ssl error|root\.crt"),
    ("full", r"too many clients|too many connections|remaining connection slots"),
    ("starting", r"starting up|shutting down|recovery mode"),
    ("unknown", r"resolve host|translate host name"),
    ("refused", r"refused|no such file|no route|unreachable|closed the connection|reset by"),
    ("silent", r"timeout|timed out|no connection within"),
    ("written", r"invalid|missing \"=\""),
)
"""What it is, and words of libpq's or the server's message by which it is known (a pattern), the surest first."""
SAID = {
    "password": "DATABASE_URL: the server at {place} does not let {user} in with this password. Write the right user and "
    "password; what is not a letter or a digit in them is percent-encoded (@ as %40).",
    "database": "DATABASE_URL: there is no database {database} at {place}. Make it (CREATE DATABASE), or write the right name.",
    "tls": "DATABASE_URL: the server at {place} and this address do not agree about TLS. Switch TLS on at the server, or write "
    "the sslmode it wants (?sslmode=require, or prefer).",
    "certificate": "DATABASE_URL: the certificate of the server at {place} is not trusted here. Name the authority that signed "
    "it (?sslrootcert=/path/to/ca.crt), and the host as the certificate names it.",
    "entry": "DATABASE_URL: the server at {place} lets {user} into {database} from nowhere here. Add a line for this machine to "
    "its pg_hba.conf; where it has one for TLS only, write ?sslmode=require.",
    "full": "DATABASE_URL: the server at {place} has no connection left. Raise its max_connections, or run fewer processes.",
    "starting": "DATABASE_URL: the server at {place} is starting or stopping. Try again in a moment.",
    "unknown": "DATABASE_URL: no machine is called {host}. Check the spelling, and that this machine's DNS works.",
    "refused": "DATABASE_URL: nobody takes connections at {place}. Is PostgreSQL running there, on that port, and open to this "
    "machine (listen_addresses)?",
    "silent": "DATABASE_URL: {place} does not answer within {seconds} seconds. Is it up, and does a firewall stand in between?",
    "written": "DATABASE_URL is not an address that PostgreSQL understands. Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
    "with what is not a letter or a digit percent-encoded (@ as %40).",
    "other": "DATABASE_URL: no connection to {place}. psql with the same address says more.",
}
TWO_AT = (
    "DATABASE_URL holds more than one @: in a user or password it is written %40. "
    "The address is postgresql://USER:PASSWORD@HOST:PORT/DATABASE."
)


class Unreachable(DatabaseError):
    """No connection; the message is a sentence for the operator. `passing`: it may be another time."""

    def __init__(self, message: str, passing: bool) -> None:
        super().__init__(message)
        self.passing = passing


def try_once(url: str) -> None:
    """Connect to `url` and leave. Raises `Unreachable`."""
    try:
        psycopg.connect(url, connect_timeout=SECONDS).close()
    except psycopg.Error as error:
        raise unreachable(error, url) from None


def unreachable(error: BaseException, url: str | None) -> Unreachable:
    """`error`, of a connection to `DATABASE_URL` (None: to the embedded server), as a sentence."""
    if url is None:
        return Unreachable(EMBEDDED, passing=True)
    if urlsplit(url).netloc.count("@") > 1:
        return Unreachable(TWO_AT, passing=False)
    kind = _kind(str(error).casefold())
    return Unreachable(SAID[kind].format(**_parts(url), seconds=SECONDS), passing=kind in WAITS)


def _kind(said: str) -> str:
    told = said.partition("fatal:")[2] or said  # before it: the address, which may hold any word
    if "fatal:" not in said:
        told = said.rpartition("failed:")[2] or said
    for kind, signs in SIGNS:
        if re.search(signs, told):
            return kind
    return "other"


def _parts(url: str) -> dict[str, str]:
    """What may be shown of an address: no password. Falls back to words where it cannot be read."""
    try:
        found = {key: str(value) for key, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.Error:
        found = {}
    host = found.get("host") or "this machine"
    port = found.get("port") or "5432"
    return {
        "host": host,
        "place": host if host.startswith("/") or host == "this machine" else f"{host}:{port}",
        "database": repr(unquote(found.get("dbname") or "")),
        "user": repr(unquote(found.get("user") or "")),
    }
