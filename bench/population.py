"""Rows for a bench, made by the database itself: people with a role, accounts, privileges, charges."""

from __future__ import annotations

import json
from datetime import date, datetime

from sqlalchemy import Engine, text

from bench.ground import NOON
from benefits.rounds_lease import terms
from clubs import Club
from richmenu import choosing

PEOPLE = """
INSERT INTO people (club, line_user_id, friend, language, profile_at, menu_wanted, menu_linked, created_at)
SELECT :club, 'U' || lpad(to_hex(n), 32, '0'), true, 'th', :now, :menu, :menu, :now
FROM generate_series(1, CAST(:count AS int)) n
"""
CONSENTS = """
INSERT INTO consents (person_id, purpose, terms_version, text_sha256, language, given_at)
SELECT id, 'membership', :version, :sha, 'th', :now FROM people
"""
ACCOUNTS = """
INSERT INTO members (club, kind, external_id, name, badge, package, tier, tier_since, total_stars, created_at)
SELECT :club, 'account', '@shop' || n, 'ร้านที่ ' || n, 'grey', 'free', :tier, :now, 0, :now
FROM generate_series(1, CAST(:count AS int)) n
"""
ADMINS = """
INSERT INTO admins (member_id, line_user_id, role, since)
SELECT members.id, people.line_user_id, 'administrator', :now
FROM members JOIN people ON people.line_user_id = 'U' || lpad(to_hex(substr(members.external_id, 6)::bigint), 32, '0')
"""
STAYS = """
INSERT INTO memberships (member_id, joined_at, agreed_by, terms_version)
SELECT admins.member_id, :now, people.id, :version FROM admins JOIN people ON people.line_user_id = admins.line_user_id
"""
PARTNER = """
INSERT INTO partners (club, key, name_th, name_en) VALUES (:club, :key, 'ร้านกาแฟ', 'Café') RETURNING id
"""
PRIVILEGES = """
INSERT INTO privileges (club, key, partner_id, name_th, name_en, about_th, about_en, conditions_th, conditions_en, tiers,
                        new_members_only, scope, claim_limit, stock, taken, pooled, code_minutes, undo_minutes, redeem,
                        position, created_at)
SELECT :club, :key || n, :partner, 'กาแฟฟรี แก้วที่ ' || n, 'Free coffee ' || n, 'กาแฟร้อนหรือเย็น หนึ่งแก้ว', 'One coffee',
       'ใช้ได้ทุกสาขา วันละหนึ่งสิทธิ์', 'At every branch, one a day', '{}', false, 'account', 1, CAST(:stock AS bigint), 0,
       :pooled, 15, 10, 'code', 0, :now
FROM generate_series(1, CAST(:count AS int)) n ORDER BY n RETURNING id
"""
CODES = """
INSERT INTO codes (privilege_id, sealed, fingerprint, added_at)
SELECT id, '\\x00', decode(md5(id || ':' || n), 'hex'), :now
FROM privileges, generate_series(1, CAST(:each AS int)) n WHERE id = ANY(:ids)
"""

CHARGES = """
INSERT INTO charges (club, member_id, invoice_no, service, net_satang, vat_satang, service_month, paid_at, count_month)
SELECT :club, members.id, members.external_id || '-' || n, 'official_account', 10000 + (members.id * 7919 + n * 104729) % 100000,
       0, :month, :paid, :month
FROM members, generate_series(1, CAST(:each AS int)) n ORDER BY members.id, n
"""

EARLIER = """
WITH made AS (
    INSERT INTO runs (club, kind, period, state, cursor, input_hash, result_hash, facts, started_at, finished_at)
    SELECT :club, 'stars', month::date, 'done', '0', '', '', CAST(:facts AS jsonb), month, month
    FROM generate_series(CAST(:first AS timestamp), CAST(:last AS timestamp), '1 month') month RETURNING id, period, started_at)
INSERT INTO entries (club, member_id, unit, kind, period, run_id, amount, counted_satang, brought_satang, carried_satang,
                     total, tier_before, tier, at)
SELECT :club, members.id, :unit, 'round', made.period, made.id, stars, stars * 100, 0, 0, stars * 12,
       reached.tier, reached.tier, started_at
FROM made, members, LATERAL (SELECT 500 + members.id * 7919 % 5000 AS stars) month,
     LATERAL (SELECT (CAST(:tiers AS text[]))[width_bucket(stars * 12, CAST(:thresholds AS bigint[]))] AS tier) reached
ORDER BY made.period, members.id
"""
STAND = """
UPDATE members SET total_stars = entries.total, tier = entries.tier FROM entries
WHERE entries.member_id = members.id AND entries.period = :last
"""


def settle(engine: Engine, club: Club, count: int, now: datetime = NOON) -> None:
    """`count` people who agreed and see their menu, each the administrator of an account of her own that has joined."""
    values = {
        "club": club.key,
        "count": count,
        "now": now,
        "menu": choosing.menu_key(club, "th", member=True),
        "version": club.terms.version,
        "sha": club.terms.sha256("th"),
        "tier": club.entry_tier.key,
    }
    with engine.begin() as connection:
        for statement in (PEOPLE, CONSENTS, ACCOUNTS, ADMINS, STAYS):
            connection.execute(text(statement), values)


def privileges(
    engine: Engine, club: Club, key: str, count: int, *, stock: int | None = None, codes: int = 0, now: datetime = NOON
) -> list[int]:
    """Ids of `count` new privileges, each with that stock and a pool of that many codes (0: no pool)."""
    values = {"club": club.key, "key": key, "count": count, "stock": stock, "pooled": codes > 0, "now": now}
    with engine.begin() as connection:
        partner = connection.execute(text(PARTNER), values).scalar()
        ids = list(connection.execute(text(PRIVILEGES), {**values, "partner": partner}).scalars())
        if codes:
            connection.execute(text(CODES), {"ids": ids, "each": codes, "now": now})
    return ids


def charges(engine: Engine, club: Club, each: int, month: date, paid: datetime) -> None:
    """`each` paid package lines of 100 to 1,100 baht for every account, to be counted in the round of `month`."""
    values = {"club": club.key, "each": each, "month": month, "paid": paid}
    with engine.begin() as connection:
        connection.execute(text(CHARGES), values)


def rounds(engine: Engine, club: Club, first: date, last: date) -> None:
    """The rounds of these months, done: in each an account got about what `charges` gives it, and all stand by the last."""
    values = {
        "club": club.key,
        "unit": club.stars.unit,
        "first": first,
        "last": last,
        "facts": json.dumps(terms(club)),
        "tiers": [tier.key for tier in club.tiers],
        "thresholds": [tier.threshold for tier in club.tiers],
    }
    with engine.begin() as connection:
        connection.execute(text(EARLIER), values)
        connection.execute(text(STAND), values)


def raise_all(engine: Engine, club: Club) -> None:
    """Every account in the highest tier, which its stars do not reach: each moves at the next adjustment."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE members SET tier = :tier"), {"tier": club.tiers[-1].key})
