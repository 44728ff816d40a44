"""The statements of corrections: each works on all lines of one correction. Bound throughout: `:club`, `:id`."""

from __future__ import annotations

from benefits.rounds_sql import BY_STARS, OVERRIDDEN

# The entry a line corrects is the account's round entry of that month; there is none for a month that is still open.
LINES_FOR = """
INSERT INTO correction_lines (correction_id, member_id, amount, period, corrects_id)
SELECT :id, members.id, chosen.amount, chosen.period, entries.id
FROM ({chosen}) chosen
JOIN members ON members.id = chosen.member_id
LEFT JOIN entries ON entries.member_id = members.id AND entries.period = chosen.period AND entries.kind = 'round'
     AND entries.unit = :unit
"""

OF_TIER = f"""
SELECT members.id AS member_id, CAST(:amount AS bigint) AS amount, CAST(:period AS date) AS period
FROM members JOIN memberships stay ON stay.member_id = members.id AND stay.left_at IS NULL
WHERE members.club = :club AND members.deleted_at IS NULL
  AND (CAST(:tier AS text) IS NULL OR CASE WHEN {OVERRIDDEN} THEN members.tier_override ELSE members.tier END = :tier)
"""

OF_ACCOUNT = """
SELECT members.id AS member_id, CAST(:amount AS bigint) AS amount, CAST(:period AS date) AS period
FROM members WHERE members.club = :club AND members.external_id = :account AND members.deleted_at IS NULL
"""

STAGE = """
CREATE TEMPORARY TABLE correction_stage (line bigint, account text, amount bigint, period date) ON COMMIT DROP
"""

OF_FILE = """
SELECT members.id AS member_id, stage.amount, stage.period
FROM correction_stage stage JOIN members ON members.club = :club AND members.external_id = stage.account
"""

# What a file says of accounts that cannot be: unknown or deleted, or named before.
WRONG = """
SELECT line, account, CASE WHEN id IS NULL THEN 'unknown' ELSE 'twice' END AS why FROM (
    SELECT stage.line, stage.account, members.id,
           row_number() OVER (PARTITION BY stage.account ORDER BY stage.line) AS nth
    FROM correction_stage stage
    LEFT JOIN members ON members.club = :club AND members.external_id = stage.account AND members.deleted_at IS NULL
) found WHERE id IS NULL OR nth > 1 ORDER BY line
"""

# Read from the entries, not the lines: what is taken back is what was posted, and each entry names the one it corrects.
REVERSED = """
INSERT INTO correction_lines (correction_id, member_id, amount, period, corrects_id)
SELECT :id, entries.member_id, -entries.amount, entries.period, entries.id
FROM entries JOIN correction_lines lines ON lines.correction_id = :reverses AND lines.member_id = entries.member_id
WHERE entries.club = :club AND entries.kind = 'correction' AND entries.count_month = :counted
  AND entries.idempotency_key = 'correction:' || lines.correction_id || ':' || lines.member_id
"""

POST = """
INSERT INTO entries (club, member_id, unit, kind, period, amount, at, reason, corrects_id, count_month, idempotency_key)
SELECT :club, member_id, :unit, 'correction', coalesce(period, :open), amount, :now, :reason, corrects_id, :open,
       'correction:' || correction_id || ':' || member_id
FROM correction_lines WHERE correction_id = :id
ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
"""

# `idle`: lines of months that the next adjustment no longer looks back to. `below`: the stars do not suffice; later ones
# make them up first.
SUMS = """
SELECT count(*) AS accounts, coalesce(sum(amount), 0) AS stars,
       coalesce(sum(amount) FILTER (WHERE amount > 0), 0) AS given, coalesce(sum(amount) FILTER (WHERE amount < 0), 0) AS taken,
       coalesce(min(amount), 0) AS least, coalesce(max(amount), 0) AS most,
       count(*) FILTER (WHERE lines.period <= :window_after) AS idle,
       count(*) FILTER (WHERE members.total_stars + amount < 0) AS below
FROM correction_lines lines JOIN members ON members.id = lines.member_id WHERE correction_id = :id
"""

# As if the adjustment came now and nothing else were counted.
MOVES = f"""
SELECT before, after, count(*) FROM (
    SELECT {BY_STARS.format("members.total_stars")} AS before,
           {BY_STARS.format("GREATEST(members.total_stars + lines.amount, 0)")} AS after
    FROM correction_lines lines JOIN members ON members.id = lines.member_id
    WHERE correction_id = :id AND members.tier IS NOT NULL AND NOT coalesce({OVERRIDDEN}, false)
      AND (lines.period IS NULL OR lines.period > :window_after)
) moved WHERE before <> after GROUP BY 1, 2 ORDER BY 1, 2
"""

# The round that leaves the window at the next adjustment: the last but `:inside`.
WINDOW_AFTER = """
SELECT period FROM runs WHERE club = :club AND kind = 'stars' AND cursor IS NOT NULL
ORDER BY period DESC LIMIT 1 OFFSET :inside
"""

LARGEST = """
SELECT members.external_id, lines.amount, lines.period, members.total_stars, lines.corrects_id IS NOT NULL AS names_one
FROM correction_lines lines JOIN members ON members.id = lines.member_id WHERE correction_id = :id
ORDER BY abs(lines.amount) DESC, members.external_id COLLATE "C" LIMIT :limit
"""
