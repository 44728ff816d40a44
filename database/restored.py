"""What a restore can leave behind, looked for afterwards, since nothing else would ever notice it.

PostgreSQL checks what is written, never what is there. Data loaded with the triggers off (`pg_restore --disable-triggers`,
a replica's role) passes every foreign key unchecked, and the triggers that stand for one as well; and a restore that goes
on after an error leaves a table empty. So rows that point nowhere are looked for, and what each round says it counted and
posted is compared with what is there.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine, text

from models import Base

BY_TRIGGER = (
    ("charges", "member_id", "members"),
    ("charges", "import_id", "imports"),
    ("charges", "paid_import_id", "imports"),
    ("entries", "corrects_id", "entries"),
)
"""(table, column, where it points): kept by a trigger in place of a foreign key."""
BY_HABIT = (
    ("entries", "member_id", "members"),
    ("entries", "run_id", "runs"),
    ("correction_lines", "member_id", "members"),
    ("correction_lines", "corrects_id", "entries"),
    ("offer_recipients", "offer_id", "offers"),
)
"""Kept by nothing but the one statement that writes them, which reads what they point at, and by what is never deleted."""

SILENT = """
SELECT tgrelid::regclass::text, count(*) FROM pg_trigger
JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE tgenabled <> 'O' AND nspname = current_schema() GROUP BY 1 ORDER BY 1
"""

# Every round noted how many accounts it posted and how many lines it counted.
MISSING_ENTRIES = """
SELECT club, to_char(period, 'YYYY-MM'), CAST(facts ->> 'accounts' AS bigint), posted FROM runs
CROSS JOIN LATERAL (SELECT count(*) AS posted FROM entries WHERE run_id = runs.id AND entries.kind = 'round') here
WHERE state = 'done' AND CAST(facts ->> 'accounts' AS bigint) <> posted ORDER BY club, period
"""
MISSING_LINES = """
SELECT rounds.club, counted, here FROM (
    SELECT club, max(period) AS last, sum(CAST(facts ->> 'lines' AS bigint)) AS counted FROM runs
    WHERE kind = 'stars' AND state = 'done' GROUP BY club HAVING bool_and(facts ? 'lines')) rounds
CROSS JOIN LATERAL (SELECT count(*) AS here FROM charges WHERE club = rounds.club AND count_month <= last) lines
WHERE counted <> here ORDER BY 1
"""


def faults(engine: Engine) -> Iterator[str]:
    """Every fault in a sentence: rows that point nowhere or are missing, triggers switched off. Reads every table."""
    with engine.connect() as connection:
        for table, column, target in references():
            query = (
                f"SELECT count(*) FROM {table} AS pointing WHERE {column} IS NOT NULL "
                f"AND NOT EXISTS (SELECT FROM {target} WHERE {target}.id = pointing.{column})"
            )
            if count := connection.scalar(text(query)):
                yield f"{count:,} rows of {table} name in {column} what is not in {target}"
        for club, month, told, here in connection.execute(text(MISSING_ENTRIES)):
            yield f"the round {month} of {club} posted {told:,} entries, and {here:,} are here"
        for club, told, here in connection.execute(text(MISSING_LINES)):
            yield f"the rounds of {club} counted {told:,} lines, and {here:,} are here"
        for table, count in connection.execute(text(SILENT)):
            yield f"{count} triggers of {table} are switched off: ALTER TABLE {table} ENABLE TRIGGER ALL"


def references() -> list[tuple[str, str, str]]:
    """(table, column, where it points) of every reference, whoever keeps it. All point at an `id`."""
    keys = [
        (table.name, key.parent.name, key.column.table.name)
        for table in Base.metadata.sorted_tables
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
    ]
    return [*keys, *BY_TRIGGER, *BY_HABIT]
