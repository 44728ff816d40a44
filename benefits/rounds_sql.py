"""The statements of a round. Each works on a set: all lines of a month, or all accounts of a chunk.

Bound throughout: `:club`, `:period` (the month of the round), `:after` (the last month closed before it), `:run`, `:at`
(when the run began: the time that decides an override), `:low` < member id ≤ `:high` (the chunk).
"""

from __future__ import annotations

from benefits.counting import MAY_JOIN

# `facts` says what the run computes with (`rounds_lease.terms`): settled when its month is closed. A month that a program
# closed before these were kept goes on with what the club file says, and its totals are not gone on from.
TAKE = """
INSERT INTO runs (club, kind, period, state, owner, lease_until, facts, started_at)
VALUES (:club, 'stars', :period, 'running', :owner, clock_timestamp() + :lease, CAST(:terms AS jsonb), :at)
ON CONFLICT (club, kind, period) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until,
        facts = CASE WHEN runs.cursor IS NULL THEN excluded.facts WHEN runs.facts ? 'tiers' THEN runs.facts ELSE '{}' END
    WHERE runs.state = 'running' AND (runs.lease_until IS NULL OR runs.lease_until < clock_timestamp())
RETURNING id, started_at, cursor, facts
"""

# Holding this row until the commit keeps a successor waiting; finding another owner in it keeps a late writer out (F8).
FENCE = """
UPDATE runs SET lease_until = clock_timestamp() + :lease, cursor = coalesce(:cursor, cursor)
WHERE id = :run AND owner = :owner AND state = 'running'
"""

# Paid lines that nobody counted, of a service and an account that count by now.
ADOPT_LINES = f"""
UPDATE charges SET count_month = :period FROM members
WHERE charges.club = :club AND charges.count_month IS NULL AND charges.paid_at < :ended
  AND charges.service_month <= :period AND charges.service = ANY(:services)
  AND members.id = charges.member_id AND {MAY_JOIN}
"""

# What each account has in the window before this month. Corrections made since wait for the next round. A month that no
# round computed belongs, with its corrections, to the round after it: so the window begins behind the round that left it.
HISTORY = """
SELECT member_id, CAST(sum(amount) AS bigint) AS stars
FROM entries WHERE club = :club AND unit = :unit AND period > :window_after AND period <= :period
     AND (count_month IS NULL OR count_month <= :period) {of}
GROUP BY member_id
"""

CORRECTED = "SELECT member_id FROM entries WHERE club = :club AND kind = 'correction'"

HISTORY_OF_OTHERS = HISTORY.format(
    of=f"""AND member_id IN (
    SELECT id FROM members WHERE club = :club AND NOT EXISTS (
           SELECT FROM entries WHERE run_id = :previous_run AND kind = 'round' AND member_id = members.id)
    UNION {CORRECTED})"""
)
HISTORY = HISTORY.format(of="")

# The same where the round before looked back as far: its total, less the month that leaves the window. A million accounts
# have twelve million entries there. Corrected accounts and those the round before did not know are added up. What leaves
# may be of another unit, which the total never held.
HISTORY_GOES_ON = f"""
SELECT before.member_id, before.total - coalesce(leaving.amount, 0) AS stars
FROM entries before
LEFT JOIN entries leaving ON leaving.run_id = :leaving_run AND leaving.kind = 'round' AND leaving.member_id = before.member_id
     AND leaving.unit = :unit
WHERE before.run_id = :previous_run AND before.kind = 'round' AND before.member_id NOT IN ({CORRECTED})
UNION ALL {HISTORY_OF_OTHERS}
"""

# The one rounding: down, once per account, on the sum of its lines and of what it brought (LFC-10). Never below zero:
# what is left below is carried. `mark` fingerprints the lines, whatever their order.
WORK = f"""
CREATE TEMPORARY TABLE round_work AS
SELECT member_id, external_id, odd, lines, mark, counted, brought, amount, LEAST(counted + brought, 0) AS carried,
       GREATEST(earlier + amount, 0) AS total
FROM (
    SELECT members.id AS member_id, members.external_id,
           coalesce(sums.lines > 0 AND (sums.odd > 0 OR NOT {MAY_JOIN}), false) AS odd,
           coalesce(sums.lines, 0) AS lines, coalesce(sums.mark, 0) AS mark,
           coalesce(sums.counted, 0) AS counted, carry.brought, coalesce(history.stars, 0) AS earlier,
           GREATEST(coalesce(sums.counted, 0) + carry.brought, 0) / CAST(:satang_per_star AS bigint) AS amount
    FROM members
    LEFT JOIN (SELECT member_id, count(*) AS lines, count(*) FILTER (WHERE service <> ALL(:services)) AS odd,
                      CAST(sum(net_satang) AS bigint) AS counted,
                      bit_xor(hashtextextended(invoice_no, net_satang)) AS mark
               FROM charges WHERE club = :club AND count_month > :after AND count_month <= :period
               GROUP BY member_id) sums ON sums.member_id = members.id
    LEFT JOIN ({{history}}) history ON history.member_id = members.id
    LEFT JOIN entries previous ON previous.run_id = :previous_run AND previous.kind = 'round'
          AND previous.member_id = members.id
    CROSS JOIN LATERAL (SELECT coalesce(CASE WHEN previous.id IS NOT NULL THEN previous.carried_satang
                                             WHEN CAST(:previous_run AS bigint) IS NOT NULL THEN (
        SELECT carried_satang FROM entries WHERE entries.member_id = members.id AND entries.kind = 'round'
               AND entries.period < :period ORDER BY entries.period DESC LIMIT 1) END, 0) AS brought
        OFFSET 0) carry  -- looked up once an account, not wherever it is used
    WHERE members.club = :club AND ({MAY_JOIN} OR sums.member_id IS NOT NULL)
) found ORDER BY member_id
"""

# Lines that were to count and no longer may when their month closes: the account became premium or was deleted, the
# service left the club file. They wait, uncounted, until a round adopts them.
DROP_LINES = f"""
UPDATE charges SET count_month = NULL FROM members, round_work
WHERE round_work.odd AND members.id = round_work.member_id AND charges.member_id = members.id
  AND charges.club = :club AND charges.count_month > :after AND charges.count_month <= :period
  AND (charges.service <> ALL(:services) OR NOT {MAY_JOIN})
"""

# Without corrections the last part is null and left out. They are summed, not xored: two alike must not cancel out.
INPUT = """
SELECT coalesce(sum(lines), 0) AS lines, coalesce(bool_or(odd), false) AS odd,
       concat_ws('|', sum(lines), sum(counted), bit_xor(mark), (
    SELECT concat_ws('|', count(*), sum(amount), sum(CAST(hashtextextended(
           concat_ws('|', members.external_id, entries.period), entries.amount) AS numeric)))
    FROM entries JOIN members ON members.id = entries.member_id
    WHERE entries.club = :club AND entries.kind = 'correction' AND entries.unit = :unit
          AND entries.count_month > :after AND entries.count_month <= :period
    HAVING count(*) > 0)) AS told
FROM round_work
"""

# What two persons sign: every account's figures that are not all nought, under the tiers and the price of a star as they
# are. Who joins, leaves or is overridden meanwhile changes none of it.
FIGURES = """
SELECT encode(sha256(convert_to(concat_ws(E'\\n', CAST(:satang_per_star AS bigint), CAST(CAST(:tiers AS text[]) AS text),
       CAST(CAST(:thresholds AS bigint[]) AS text), string_agg(
       concat_ws('|', work.external_id, work.amount, work.counted, work.brought, work.carried, work.total),
       E'\\n' ORDER BY work.external_id COLLATE "C")), 'UTF8')), 'hex')
FROM round_work work
WHERE work.amount <> 0 OR work.counted <> 0 OR work.brought <> 0 OR work.carried <> 0 OR work.total <> 0
"""

BOUND = """
SELECT max(member_id) FROM (SELECT member_id FROM round_work WHERE member_id > :low ORDER BY member_id LIMIT :size) chunk
"""

BY_STARS = "(CAST(:tiers AS text[]))[width_bucket({0}, CAST(:thresholds AS bigint[]))]"
OVERRIDDEN = "(members.tier_override IS NOT NULL AND members.override_until > :at)"

# What a round says of each account: the tier in force before and after, a staff override included. Only accounts that
# have joined have a tier. The chunk's bounds are said of both tables: PostgreSQL does not carry them over a join.
RESULTS = f"""
SELECT work.external_id, members.total_stars AS total_before, work.member_id, work.amount, work.counted, work.brought,
       work.carried, work.total,
       CASE WHEN members.tier IS NULL THEN NULL WHEN {OVERRIDDEN} THEN members.tier_override ELSE members.tier
       END AS tier_before,
       CASE WHEN members.tier IS NULL THEN NULL WHEN {OVERRIDDEN} THEN members.tier_override
            ELSE {BY_STARS.format("work.total")} END AS tier
FROM round_work work
JOIN members ON members.id = work.member_id
WHERE work.member_id > :low AND work.member_id <= :high AND members.id > :low AND members.id <= :high
"""

POST = f"""
INSERT INTO entries (club, member_id, unit, kind, period, run_id, amount, counted_satang, brought_satang, carried_satang,
                     total, tier_before, tier, at)
SELECT :club, member_id, :unit, 'round', :period, :run, amount, counted, brought, carried, total, tier_before, tier, :at
FROM ({RESULTS}) results
"""

# `members.tier` is what the stars give; an override lies over it until its end. An account that left meanwhile has no
# tier, and gets none.
ADJUST = f"""
UPDATE members SET
    total_stars = work.total,
    tier = CASE WHEN members.tier IS NOT NULL THEN {BY_STARS.format("work.total")} END,
    tier_since = CASE WHEN members.tier = {BY_STARS.format("work.total")} THEN members.tier_since
                      WHEN members.tier IS NOT NULL THEN :at END
FROM round_work work
WHERE work.member_id > :low AND work.member_id <= :high
  AND members.id = work.member_id AND members.id > :low AND members.id <= :high
  AND (members.total_stars <> work.total OR members.tier <> {BY_STARS.format("work.total")})
"""

MOVED = """
entries.run_id = :run AND entries.kind = 'round' AND entries.member_id > :low AND entries.member_id <= :high
  AND entries.tier_before <> entries.tier
"""

JOURNAL = f"""
INSERT INTO journal (club, at, actor_kind, action, subject_kind, subject_id, facts)
SELECT :club, :at, 'system', 'tier_changed', 'member', member_id,
       jsonb_build_object('period', CAST(:name AS text), 'before', tier_before, 'after', tier, 'total', total)
FROM entries WHERE {MOVED}
"""

NOTICES = f"""
INSERT INTO notices (club, person_id, kind, key, facts, state, created_at, push_at)
SELECT :club, people.id, 'tier_changed', 'tier:' || CAST(:name AS text) || ':' || entries.member_id,
       jsonb_build_object('member_id', entries.member_id, 'account', members.name, 'period', CAST(:name AS text),
                          'before', entries.tier_before, 'after', entries.tier),
       'waiting', :at, :push_at
FROM entries
JOIN members ON members.id = entries.member_id
JOIN admins ON admins.member_id = entries.member_id AND admins.removed_at IS NULL AND admins.role = ANY(:roles)
JOIN people ON people.club = :club AND people.line_user_id = admins.line_user_id AND people.friend
WHERE {MOVED}
ON CONFLICT (person_id, key) DO NOTHING
"""

# The sum of each account's hash, by two seeds: whatever the order, so that nothing is sorted and nothing is kept in
# memory. Row ids are left out: the same result on another server has the same hash.
RESULT_HASH = """
SELECT concat_ws('|', count(*), sum(hashtextextended(line, 0)), sum(hashtextextended(line, 1)))
FROM (SELECT concat_ws('|', work.external_id, entries.amount, entries.counted_satang, entries.brought_satang,
                       entries.carried_satang, entries.total, coalesce(entries.tier, '-')) AS line
      FROM round_work work
      LEFT JOIN entries ON entries.run_id = :run AND entries.kind = 'round' AND entries.member_id = work.member_id
      OFFSET 0) lines  -- each line is made once
"""

SUMMARY = """
SELECT tier_before, tier, count(*) AS accounts, sum(amount) AS stars, sum(counted_satang) AS counted_satang
FROM entries WHERE run_id = :run AND kind = 'round' GROUP BY 1, 2 ORDER BY 1, 2
"""

FINISH = """
UPDATE runs SET state = 'done', finished_at = :now, owner = NULL, lease_until = NULL, result_hash = :result_hash,
                facts = facts || CAST(:facts AS jsonb)
WHERE id = :run AND owner = :owner
"""
