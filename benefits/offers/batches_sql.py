"""The statements by which batches are taken, frozen and answered for."""

from __future__ import annotations

from sqlalchemy import bindparam, text, update

from models import Batch
from models.queries import table_of

# A worker that stands still while it holds the club's turn loses both: nothing it froze was sent yet.
ONE_AT_A_TIME = text("""
SELECT set_config('idle_in_transaction_session_timeout', '30s', true),
       pg_advisory_xact_lock(hashtextextended('freezing:' || :club, 0))
""")

TAKEABLE = text("""
WITH again AS (
    SELECT size FROM offer_batches
    WHERE offer_id = :offer AND state = 'sending' AND first_attempt_at > :since
      AND (lease_until IS NULL OR lease_until < clock_timestamp()) AND (next_attempt_at IS NULL OR next_attempt_at <= :now)
    ORDER BY id LIMIT :limit
), planned AS (
    SELECT size FROM offer_batches
    WHERE offer_id = :offer AND state = 'planned' AND (next_attempt_at IS NULL OR next_attempt_at <= :now)
      AND :doubts > (
          SELECT count(*) FROM offer_batches WHERE offer_id = :offer AND state = 'sending' AND lease_until IS NULL
      )
    ORDER BY id LIMIT :limit
)
SELECT (SELECT count(*) FROM again) AS again, (SELECT count(*) FROM planned) AS planned,
       coalesce((SELECT CAST(max(size) AS int) FROM (TABLE again UNION ALL TABLE planned) AS sizes), 0) AS people
""")

RETRY = text("""
UPDATE offer_batches SET owner = :owner, lease_until = clock_timestamp() + CAST(:lease AS interval),
    attempts = attempts + 1, doubtful = doubtful + 1, next_attempt_at = NULL
WHERE id IN (
    SELECT b.id FROM offer_batches AS b JOIN offers AS o ON o.id = b.offer_id AND o.state = 'sending'
    WHERE b.offer_id = :offer AND b.state = 'sending' AND b.first_attempt_at > :since
      AND (b.lease_until IS NULL OR b.lease_until < clock_timestamp())
      AND (b.next_attempt_at IS NULL OR b.next_attempt_at <= :now)
    ORDER BY b.id LIMIT :limit FOR UPDATE OF b SKIP LOCKED
)
RETURNING id, kind, language, retry_key, line_user_ids, messages, attempts
""")

PICK = text("""
SELECT b.id, b.kind, b.language, b.first_person_id, b.last_person_id
FROM offer_batches AS b JOIN offers AS o ON o.id = b.offer_id AND o.state = 'sending'
WHERE b.offer_id = :offer AND b.state = 'planned' AND (b.next_attempt_at IS NULL OR b.next_attempt_at <= :now)
  AND :doubts > (
      SELECT count(*) FROM offer_batches WHERE offer_id = :offer AND state = 'sending' AND lease_until IS NULL
  )
ORDER BY b.id LIMIT :limit FOR UPDATE OF b SKIP LOCKED
""")

WORDS = update(table_of(Batch)).where(Batch.id == bindparam("b_id")).values(messages=bindparam("b_messages"))

ACCEPTED = text("""
WITH accepted AS (
    UPDATE offer_batches AS b SET state = 'accepted', answered_at = :now, request_id = told.request_id, error = NULL,
        owner = NULL, lease_until = NULL, next_attempt_at = NULL, doubtful = 0, line_user_ids = NULL, messages = NULL
    FROM unnest(CAST(:ids AS bigint[]), CAST(:requests AS text[])) AS told(id, request_id)
    WHERE b.id = told.id AND b.state IN ('sending', 'unknown')
    RETURNING b.offer_id, b.size
)
SELECT offer_id, CAST(sum(size) AS bigint) FROM accepted GROUP BY offer_id
""")

OPEN = text("""
UPDATE offer_batches SET owner = NULL, lease_until = NULL, next_attempt_at = :retry_at, error = :error
WHERE id = :id AND owner = :owner AND state = 'sending'
""")

REFUSED = text("""
UPDATE offer_batches SET state = CASE WHEN doubtful = 1 THEN 'refused' ELSE 'unknown' END, doubtful = doubtful - 1,
    answered_at = :now, error = :error, owner = NULL, lease_until = NULL, line_user_ids = NULL, messages = NULL
WHERE id = :id AND owner = :owner AND state = 'sending'
RETURNING offer_id, size
""")

# Known not to have arrived by any attempt: planned again. Else only this attempt is known, and the batch stays what it was.
AGAIN = text("""
UPDATE offer_batches SET
    doubtful = doubtful - 1, error = :error, next_attempt_at = :retry_at, owner = NULL, lease_until = NULL,
    state = CASE WHEN doubtful = 1 THEN 'planned' ELSE state END,
    retry_key = CASE WHEN doubtful = 1 THEN gen_random_uuid() ELSE retry_key END,
    line_user_ids = CASE WHEN doubtful = 1 THEN NULL ELSE line_user_ids END,
    messages = CASE WHEN doubtful = 1 THEN NULL ELSE messages END,
    first_attempt_at = CASE WHEN doubtful = 1 THEN NULL ELSE first_attempt_at END
WHERE id = :id AND owner = :owner AND state = 'sending'
""")

MALFORMED = text("""
WITH gone AS (
    UPDATE offer_recipients AS r SET state = 'malformed'
    FROM offer_batches AS b, people AS p
    WHERE b.id = :id AND r.offer_id = b.offer_id AND r.language = b.language AND r.state = 'batched'
      AND r.person_id BETWEEN b.first_person_id AND b.last_person_id AND p.id = r.person_id AND p.line_user_id = :user
      AND b.doubtful = 1 AND b.owner = :owner AND b.state = 'sending'
    RETURNING 1
)
UPDATE offer_batches SET size = size - (SELECT count(*) FROM gone) WHERE id = :id AND EXISTS (SELECT 1 FROM gone)
""")

EXPIRE = text("""
UPDATE offer_batches SET state = 'unknown', owner = NULL, lease_until = NULL, next_attempt_at = NULL,
    line_user_ids = NULL, messages = NULL
WHERE state = 'sending' AND first_attempt_at <= :since AND (lease_until IS NULL OR lease_until < clock_timestamp())
RETURNING offer_id, size
""")

CLOSE_PLANNED = text("""
UPDATE offer_batches AS b SET state = 'stopped' FROM offers AS o
WHERE o.club = :club AND o.state = 'stopped' AND b.offer_id = o.id AND b.state = 'planned'
""")

CLOSE_SENDING = text("""
UPDATE offer_batches AS b SET state = 'unknown', owner = NULL, lease_until = NULL, next_attempt_at = NULL,
    line_user_ids = NULL, messages = NULL
FROM offers AS o
WHERE o.club = :club AND o.state = 'stopped' AND b.offer_id = o.id AND b.state = 'sending'
  AND (b.lease_until IS NULL OR b.lease_until < clock_timestamp())
""")
