"""What was acknowledged must last: a server that is set up to lose it is not worked on in production (C16, G7)."""

from __future__ import annotations

import psycopg

from database.account import DatabaseError

MUST_BE_ON = ("fsync", "full_page_writes")
PATIENCE_SECONDS = 2


def demand(url: str) -> None:
    """Raise `DatabaseError` when the server of `url` may lose what it acknowledged. One that is away is asked later."""
    try:
        with psycopg.connect(url, connect_timeout=PATIENCE_SECONDS, autocommit=True) as connection:
            shown = {name: connection.execute(f"SHOW {name}").fetchone() for name in MUST_BE_ON}
    except psycopg.Error:
        return  # it may come back; until then `/readyz` says that it is away
    careless = [name for name, row in shown.items() if row is not None and row[0] == "off"]
    if careless:
        raise DatabaseError(
            f"The database runs with {' and '.join(careless)} = off: what was acknowledged to members can be lost. "
            "Set it on in postgresql.conf and restart the server; this program does not start before."
        )
