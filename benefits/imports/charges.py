"""Importing charges: invoice lines that land once, and the payments that arrive later for lines that landed unpaid.

An invoice number is an idempotency key (A13): again with the same content it is nothing, with other content an error.
A line that landed unpaid and comes with `paid_at` is that line's payment (LFC-9).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from benefits.counting import count_month, counting_lock, counting_values
from benefits.imports import fields
from benefits.imports.result import ImportResult, Progress, silent
from benefits.imports.staging import Chunk, Kind, load_file
from clubs import Club

COLUMNS = ("invoice_no", "account_id", "service", "net_amount", "vat_amount", "service_month", "paid_at")

STAGED = (
    ("invoice_no", "text"),
    ("account_id", "text"),
    ("service", "text"),
    ("net_satang", "bigint"),
    ("vat_satang", "bigint"),
    ("service_month", "date"),
    ("paid_at", "timestamptz"),
)

UNKNOWN_ACCOUNT = """
UPDATE stage SET reason = 'account_id: ' || quote_literal(account_id)
                          || ' is not an account of this club; import accounts first, or mend the id'
WHERE reason IS NULL AND NOT EXISTS (
    SELECT FROM members WHERE members.club = :club AND members.external_id = stage.account_id)
"""

ROWS = "FROM stage JOIN members ON members.club = :club AND members.external_id = stage.account_id"
HERE = "stage.line > :after AND stage.line <= :upto AND stage.reason IS NULL"
SAME = (
    "(charges.member_id, charges.service, charges.net_satang, charges.vat_satang, charges.service_month) "
    "IS NOT DISTINCT FROM (members.id, stage.service, stage.net_satang, stage.vat_satang, stage.service_month)"
)

INSERT = f"""
INSERT INTO charges (club, member_id, invoice_no, service, net_satang, vat_satang, service_month, paid_at, count_month,
                     import_id)
SELECT :club, members.id, stage.invoice_no, stage.service, stage.net_satang, stage.vat_satang, stage.service_month,
       stage.paid_at, {count_month("stage.paid_at", "stage.service", "stage.service_month")}, :import
{ROWS} WHERE {HERE}
ORDER BY stage.line
ON CONFLICT (club, invoice_no) DO NOTHING
"""

# A payment completes a line that landed unpaid. Two of them in one chunk: the first line wins, the other is an error.
PAY = f"""
UPDATE charges SET paid_at = paid.paid_at, count_month = paid.count_month, paid_import_id = :import
FROM (SELECT DISTINCT ON (charges.id) charges.id, stage.paid_at,
             {count_month("stage.paid_at", "stage.service", "stage.service_month")} AS count_month
      {ROWS} JOIN charges ON charges.club = :club AND charges.invoice_no = stage.invoice_no
      WHERE {HERE} AND charges.paid_at IS NULL AND stage.paid_at IS NOT NULL AND {SAME}
      ORDER BY charges.id, stage.line) paid
WHERE charges.id = paid.id AND charges.paid_at IS NULL
"""

# An unpaid row for a line that is paid by now is no contradiction when the line had landed unpaid: it is an older file.
CONTRADICTION = f"""
UPDATE stage SET reason = CASE
    WHEN NOT {SAME} THEN 'invoice_no: ' || quote_literal(stage.invoice_no)
        || ' is here already with other content; a line never changes: import a reversal and a new line'
    WHEN stage.paid_at IS NULL THEN 'paid_at: is empty, and ' || quote_literal(stage.invoice_no)
        || ' landed as paid; a payment is not taken back: import a reversal'
    ELSE 'paid_at: ' || quote_literal(stage.invoice_no) || ' was already paid at another time; leave paid_at as it was' END
FROM charges, members
WHERE {HERE} AND members.club = :club AND members.external_id = stage.account_id
  AND charges.club = :club AND charges.invoice_no = stage.invoice_no
  AND (NOT {SAME}
       OR (stage.paid_at IS NULL AND charges.paid_at IS NOT NULL AND charges.paid_import_id IS NULL)
       OR (stage.paid_at IS NOT NULL AND charges.paid_at IS DISTINCT FROM stage.paid_at))
"""

UNNAMED_SERVICES = """
SELECT 'the service ' || quote_literal(service) || ' (' || count(*)
       || ' lines) is not named in the club file: its lines are kept and earn nothing'
FROM stage WHERE reason IS NULL AND service <> ALL(:named) GROUP BY service ORDER BY count(*) DESC LIMIT 20
"""


def load(
    engine: Engine,
    *,
    club: Club,
    file: Path,
    rejects: Path | None = None,
    now: datetime,
    progress: Progress = silent,
) -> ImportResult:
    """Import `COLUMNS`; amounts in baht. Raises `FileRefused` when nothing of the file can be taken, `OSError`."""
    kind = Kind(
        name="charges",
        required=COLUMNS,
        columns=STAGED,
        parse=_parse,
        checks=(UNKNOWN_ACCOUNT,),
        land=_land,
        warn=UNNAMED_SERVICES,
        values={"named": [*club.stars.service_names, *club.stars.services]},
    )
    return load_file(engine, kind, club=club, file=file, rejects=rejects, now=now, progress=progress)


def _parse(cells: Any) -> Sequence[Any]:
    invoice, account, service, net, vat, service_month, paid = cells
    return (
        fields.key("invoice_no", invoice),
        fields.key("account_id", account),
        fields.key("service", service),
        fields.satang("net_amount", net),
        fields.satang("vat_amount", vat),
        fields.month("service_month", service_month),
        fields.instant("paid_at", paid) if paid else None,
    )


def _land(chunk: Chunk) -> int:
    counting_lock(chunk.connection, chunk.club, alone=False)
    values = counting_values(chunk.connection, chunk.club)
    good = int(chunk.run(f"SELECT count(*) FROM stage WHERE {HERE}").scalar())
    inserted = int(chunk.run(INSERT, **values).rowcount)
    if inserted == good:
        return inserted
    paid = int(chunk.run(PAY, **values).rowcount)
    chunk.run(CONTRADICTION)
    return inserted + paid
