"""The rows beside the oracle: the same claims, stays, people and stars, or how they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.faults.sim.oracle import Claim, Club, Place
from tests.faults.sim.oracle_rounds import tier_of
from tests.faults.sim.scene import Ids, user_id

QUERIES = {
    "claims": """
        SELECT claims.id, privilege_id, holder, period, slot, member_id, line_user_id, state, use_until, use_started_at,
               code_until, used_at, confirmed_by IS NOT NULL AS confirmed, void_reason, claims.person_id
        FROM claims JOIN people ON people.id = person_id ORDER BY claims.id""",
    "accounts": """
        SELECT members.id, members.tier, tier_override, override_until, total_stars, badge, deleted_at IS NOT NULL AS deleted,
               (SELECT count(*) FROM memberships WHERE member_id = members.id) AS stays,
               open.id IS NOT NULL AS joined, open.new_until
        FROM members LEFT JOIN memberships open ON open.member_id = members.id AND open.left_at IS NULL
        ORDER BY members.id""",
    "people": """
        SELECT line_user_id, friend, opted_out_at IS NULL AS offers, language,
               EXISTS (SELECT FROM consents WHERE person_id = people.id AND withdrawn_at IS NULL) AS agreed
        FROM people""",
    "admins": "SELECT member_id, line_user_id, role FROM admins WHERE removed_at IS NULL",
    "offers": """
        SELECT id, stock, withdrawn_at IS NOT NULL AS withdrawn,
               (SELECT count(*) FROM codes WHERE privilege_id = privileges.id) AS codes
        FROM privileges""",
    "lines": "SELECT invoice_no, paid_at FROM charges",
    "rounds": "SELECT period, cursor IS NOT NULL AS closed, state FROM runs WHERE kind = 'stars' ORDER BY period",
    "posted": "SELECT period, member_id, counted_satang, brought_satang, amount, carried_satang, total FROM entries",
}
Rows = Mapping[str, Sequence[Any]]
"""What each query found, read once after each step."""


def differences(found: Rows, club: Club, ids: Ids) -> list[str]:
    """How the rows differ from what the oracle says; claims the oracle made take the ids of their rows."""
    return [
        *_claims(found, club, ids),
        *_accounts(found, club, ids),
        *_people(found, club),
        *_offers(found, club, ids),
        *_lines(found, club),
    ]


def _claims(found: Rows, club: Club, ids: Ids) -> Iterator[str]:
    rows = found["claims"]
    people = {row.person_id: _phone(row.line_user_id) for row in rows}
    there: set[Place] = set()
    for row in rows:
        offer = ids.privileges.index(row.privilege_id)
        holder = (
            f"p{people.get(int(row.holder[1:]))}" if row.holder[0] == "p" else f"m{ids.members.index(row.member_id)}"
        )
        place = (offer, holder, row.period, row.slot)
        there.add(place)
        claim = club.claims.get(place)
        if claim is None:
            yield f"claim {row.id} {place} of {row.line_user_id} should not be"
            continue
        claim.id = claim.id or row.id
        yield from _unlike(f"claim {row.id} {place}", _of_row(row, ids), _of_claim(claim))
    for place in club.claims.keys() - there:
        yield f"claim {place} is missing"


def _of_row(row: Any, ids: Ids) -> dict[str, Any]:
    return {
        "id": row.id,
        "account": ids.members.index(row.member_id),
        "phone": _phone(row.line_user_id),
        "state": row.state,
        "use_until": row.use_until,
        "started": row.use_started_at,
        "code_until": row.code_until,
        "used_at": row.used_at,
        "confirmed": row.confirmed,
        "reason": row.void_reason,
    }


def _of_claim(claim: Claim) -> dict[str, Any]:
    return {
        "id": claim.id,
        "account": claim.account,
        "phone": claim.phone,
        "state": claim.state,
        "use_until": claim.use_until,
        "started": claim.started_at,
        "code_until": claim.code_until,
        "used_at": claim.used_at,
        "confirmed": claim.confirmed,
        "reason": claim.reason,
    }


def _accounts(found: Rows, club: Club, ids: Ids) -> Iterator[str]:
    roles: dict[int, dict[int, str]] = {}
    for row in found["admins"]:
        roles.setdefault(row.member_id, {})[_phone(row.line_user_id)] = row.role
    for row in found["accounts"]:
        number = ids.members.index(row.id)
        account = club.accounts[number]
        is_ = (row.tier, row.total_stars, row.badge, row.deleted, row.stays, row.joined, roles.get(row.id, {}))
        stars = club.ledger.total(number)
        be = (account.tier, stars, account.badge, account.deleted, account.stays, account.joined, account.roles)
        yield from _unlike(f"account {number}", _named(is_), _named(be))
        if (row.tier_override, row.override_until) != (account.override or (None, None)):
            yield f"account {number} has the override {row.tier_override} until {row.override_until}, not {account.override}"
        if account.joined and row.new_until != account.new_until:
            yield f"account {number} is new until {row.new_until}, should be {account.new_until}"


def _named(values: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(("tier", "stars", "badge", "deleted", "stays", "joined", "roles"), values, strict=True))


def _people(found: Rows, club: Club) -> Iterator[str]:
    rows = {_phone(row.line_user_id): row for row in found["people"]}
    for number, phone in enumerate(club.phones):
        row = rows.get(number)
        if (row is not None) != phone.met:
            yield f"person {number} is {'' if row else 'not '}there"
        elif row is not None:
            is_ = {"friend": row.friend, "offers": row.offers, "agreed": row.agreed}
            yield from _unlike(
                f"person {number}", is_, {"friend": phone.friend, "offers": phone.offers, "agreed": phone.agreed}
            )
            if phone.language is not None and row.language != phone.language:
                yield f"person {number} speaks {row.language}, chose {phone.language}"


def _offers(found: Rows, club: Club, ids: Ids) -> Iterator[str]:
    for row in found["offers"]:
        number = ids.privileges.index(row.id)
        offer = club.offers[number]
        is_ = {"stock": row.stock, "withdrawn": row.withdrawn, "codes": row.codes or None}
        yield from _unlike(
            f"offer {number}", is_, {"stock": offer.stock, "withdrawn": offer.withdrawn, "codes": offer.codes}
        )


def _unlike(what: str, is_: dict[str, Any], should: dict[str, Any]) -> Iterator[str]:
    for name, value in is_.items():
        if value != should[name]:
            yield f"{what}: {name} is {value!r}, should be {should[name]!r}"


def _phone(line_user_id: str) -> int:
    return next(number for number in range(5) if user_id(number) == line_user_id)


def _lines(found: Rows, club: Club) -> Iterator[str]:
    rows = {row.invoice_no: row.paid_at for row in found["lines"]}
    should = {number: line.paid_at for number, line in club.ledger.lines.items()}
    if rows != should:
        yield f"invoice lines and when they were paid: {rows}, should be {should}"


def follow_rounds(found: Rows, club: Club, ids: Ids) -> list[str]:
    """Let the oracle close and post the months that the program has, and tell how its entries differ."""
    barred = {number for number, account in enumerate(club.accounts) if account.barred}
    entries: dict[tuple[Any, int], tuple[int, ...]] = {}
    for period, member, *figures in found["posted"]:
        entries[period, ids.members.index(member)] = tuple(figures)
    ledger, differ = club.ledger, list[str]()
    for row in found["rounds"]:
        if row.closed and row.period not in ledger.closed:
            ledger.close(row.period, barred)
        new = {account for period, account in entries if period == row.period}
        if new and not any(period == row.period for period, _ in ledger.posted):
            ledger.post(row.period, barred)
            for number, account in enumerate(club.accounts):
                if account.tier is not None and (row.period, number) in ledger.posted:
                    account.tier = tier_of(ledger.posted[row.period, number].total)
    should = {place: (p.counted, p.brought, p.stars, p.carried, p.total) for place, p in ledger.posted.items()}
    for place in entries.keys() | should.keys():
        if entries.get(place) != should.get(place):
            differ.append(f"round {place}: posted {entries.get(place)}, should be {should.get(place)}")
    return differ
