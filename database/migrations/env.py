"""Alembic's entry: the connection is handed in by `database.migrate`, never configured here."""

from __future__ import annotations

from typing import Any

from alembic import context

from models import Base

PROCRASTINATE = "procrastinate_"


def ours(name: str | None, kind: str, parents: Any) -> bool:
    """Whether autogenerate compares this table: those of the job engine keep their own schema."""
    return not (kind == "table" and name is not None and name.startswith(PROCRASTINATE))


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    compare_type=True,
    compare_server_default=True,
    include_name=ours,
)
context.run_migrations()
