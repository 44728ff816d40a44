"""What people do with their phones, and staff and partners with the program, each named and given by small numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from benefits import claim_lookup, use_links, uses
from benefits.imports import accounts, admins, charges
from benefits.imports.result import ImportResult
from benefits.refusal import Refusal
from bot import actions as said
from models import Privilege
from simulator import acts, taps
from simulator.line import Line
from tests.faults.sim import scene
from tests.faults.sim.oracle import Claim, Club
from tests.faults.sim.oracle_rounds import OTHER_SERVICE, SERVICES
from tests.faults.sim.oracle_rounds import Line as Invoice
from tests.faults.sim.scene import ACCOUNTS, OFFERS, account_id, user_id
from tests.faults.sim.town import Element, Town
from tests.rules.importing import ACCOUNTS as ACCOUNTS_HEADER
from tests.rules.importing import CHARGES

SPOKEN = (
    *(
        "claim",
        "use",
        "agree",
        "claim in words",
        "ask use",
        "use later",
        "show claim",
        "old button",
        "leave now",
        "leave",
    ),
    *("follow", "block", "browse", "language", "offers", "words", "sticker", "unsend"),
)
"""What people do. Histories that were written down count on this order: add at the end."""
STAFF = ("bill", "pay", "again", "void", "withdraw", "role", "badge", "tier", "restock", "confirm", "undo")
"""What staff and partners do; add at the end."""
WORDS = ("help", "สมัคร", "my info", "claim and use", "ออกจากคลับ", "claim 1 for 1", "why 1", "months 2", "leave 1", "🙂")
BAHT = ("4999.99", "0.01", "120.50", "60000", "-300.25", "250000", "-99999.99")
ROLES = ("administrator", "operator", "removed", "operator_no_analytics")
Deed = tuple[Element, Callable[[], str]]


def pick(things: Any, number: int) -> Any:
    """One of them."""
    return things[number % len(things)]


def speak(town: Town, who: int, kind: str, x: int, y: int) -> Callable[[Line], Any]:
    """What a person does on the phone, as a deed for the platform."""
    person = town.platform.people[who]
    if kind in ("follow", "block"):
        return lambda line: (acts.follow if kind == "follow" else acts.block)(line, person)
    if kind == "sticker":
        return lambda line: acts.say(line, person, {"type": "sticker", "packageId": "446", "stickerId": "1988"})
    if kind == "unsend":
        return lambda line: _unsend(line, person, x)
    if kind == "words":
        return lambda line: acts.say(line, person, {"type": "text", "text": pick(WORDS, x)})
    if kind == "claim in words":
        offer, member = pick(town.ids.privileges, x), pick(town.ids.members, y)
        return lambda line: acts.say(line, person, {"type": "text", "text": f"รับสิทธิ์ {offer} บัญชี {member}"})
    if kind == "old button":
        shown = town.platform.buttons(who)
        return lambda line: taps.tap(line, person, pick(shown, x)) if shown else None
    data = _button(town, kind, who, x, y).pack()
    return lambda line: taps.tap(line, person, {"type": "postback", "label": "x", "data": data})


def _unsend(line: Line, person: Any, x: int) -> None:
    sent = [entry for entry in person.entries or [] if entry.origin == "user" and not entry.unsent]
    if sent:
        acts.unsend(line, person, pick(sent, x).id)


def _button(town: Town, kind: str, who: int, x: int, y: int) -> said.Action:
    """A button; three times of four one that belongs to her, else anybody's, as an old or forged one could be."""
    hers = [town.ids.members[n] for n, account in enumerate(town.club.accounts) if who in account.roles]
    member = pick(hers if hers and y % 4 else town.ids.members, y // 4)
    offer, claim = pick(town.ids.privileges, x), some_claim(town, who if y % 4 else None, x)
    browse = (
        said.ShowPrivileges(y),
        said.ShowPrivilege(offer),
        said.StartClaim(offer),
        said.MyInfo(),
        said.ShowClaims(pick(("kept", "in_use", "used", "expired", "void"), y)),
        said.ShowAccounts(y),
        said.Explain(member),
        said.ExplainMonths(member),
        said.ShowTerms(),
        said.AskLanguage(),
        said.Decline(),
        said.AskLeave(member),
        said.SwitchTab("info"),
        said.Agree("2020-01"),
    )
    buttons: dict[str, said.Action] = {
        "claim": said.ClaimFor(offer, member, (x // len(OFFERS)) % 4),
        "use": said.Use(claim),
        "ask use": said.AskUse(claim),
        "use later": said.UseLater(claim),
        "show claim": said.ShowClaim(claim),
        "agree": said.Agree("2026-01"),
        "leave now": said.LeaveNow(member),
        "leave": said.Leave(),
        "language": said.SetLanguage(pick(("th", "en", "ru"), x)),
        "offers": said.Offers(pick(("off", "on"), x)),
        "browse": pick(browse, x),
    }
    return buttons[kind]


def some_claim(town: Town, who: int | None, number: int) -> int:
    """The row id of a claim, of one she may see when there is any; one that is not there while there is none."""
    claims = list(town.club.claims.values())
    hers = [claim.id for claim in claims if who is not None and town.club.may_see(who, claim)]
    ids = sorted(hers or [claim.id for claim in claims])
    return int(pick(ids, number)) if ids else 424242


# --- staff and partners ------------------------------------------------------------------------------------------


def staff(town: Town, to: int, kind: str, x: int, y: int) -> Deed | None:
    """What staff or a partner does through one process: its element, and the deed itself. None: there is nothing to do."""
    if kind in ("bill", "pay", "again"):
        return _invoices(town, to, kind, x, y)
    if kind in ("void", "confirm", "undo"):
        return _on_claim(town, to, kind, x)
    if kind in ("role", "badge"):
        return _role(town, to, x, y) if kind == "role" else _badge(town, to, x, y)
    return _offers(town, to, kind, x, y)


def _invoices(town: Town, to: int, kind: str, x: int, y: int) -> Deed | None:
    ledger = town.club.ledger.lines
    unpaid = [number for number, line in ledger.items() if line.paid_at is None]
    known = {"pay": unpaid, "again": list(ledger)}.get(kind)
    if known == []:
        return None
    number = pick(known, x) if known else f"INV{len(ledger) + 1}"
    line = ledger[number] if known else _new_line(town, x, y)
    paid = line.paid_at if kind != "pay" else town.clock.at
    line = Invoice(line.account, line.service, line.satang, line.month, paid)

    def apply(club: Club) -> str:
        old = club.ledger.lines.setdefault(number, line)
        old.paid_at = old.paid_at or paid
        return "ok"

    baht = f"{'-' if line.satang < 0 else ''}{abs(line.satang) // 100}.{abs(line.satang) % 100:02}"
    row = f"{number},{account_id(line.account)},{line.service},{baht},7.00,{line.month:%Y-%m},"
    row += paid.isoformat() if paid else ""
    return Element(f"{kind} {number}", apply), lambda: _import(town, to, charges, CHARGES + row + "\n")


def _new_line(town: Town, x: int, y: int) -> Invoice:
    now = town.clock.at
    month = date(now.year, now.month, 1)
    for _ in range(y % 4):
        month = (month - timedelta(days=1)).replace(day=1)
    service = OTHER_SERVICE if x % 11 == 10 else pick(SERVICES, x)
    satang = round(float(pick(BAHT, x)) * 100)
    paid = (None, now - timedelta(days=x % 50), now, datetime(month.year, month.month, 15, tzinfo=UTC))[(x + y) % 4]
    return Invoice(y % len(ACCOUNTS), service, satang, month, None if paid is None else min(paid, now))


def _role(town: Town, to: int, x: int, y: int) -> Deed:
    account, phone, role = y % len(ACCOUNTS), x % 5, pick(ROLES, x // 5)

    def apply(club: Club) -> str:
        roles = club.accounts[account].roles
        roles[phone] = role
        if role == "removed":
            del roles[phone]
        return "ok"

    file = f"account_id,admin_user_id,role\n{account_id(account)},{user_id(phone)},{role}\n"
    return Element(f"role {role} of {phone} for {account}", apply), lambda: _import(town, to, admins, file)


def _badge(town: Town, to: int, x: int, y: int) -> Deed:
    account, now = y % len(ACCOUNTS), town.clock.at
    badge, package = pick((("green", "free"), ("grey", "free"), ("blue", "plus"), ("grey", "deleted")), x)

    def apply(club: Club) -> str:
        found = club.accounts[account]
        found.badge, found.deleted = badge, package == "deleted"
        if found.barred and found.joined:
            club.end_stay(account, "deleted" if found.deleted else "premium", now)
        return "ok"

    file = f"{ACCOUNTS_HEADER}{account_id(account)},{ACCOUNTS[account].name},{badge},{package},,\n"
    return Element(f"account {account} {badge} {package}", apply), lambda: _import(town, to, accounts, file)


def _import(town: Town, to: int, kind: Any, content: str) -> str:
    file = town.grounds.folder / f"import{to}.csv"
    file.write_text(content, "utf-8")
    parts = town.processes[to].parts
    result: ImportResult = kind.load(parts.engine, club=parts.clubs["family_club"], file=file, now=town.clock.at)
    return "ok" if result.clean else f"rejected {result.rejects.read_text() if result.rejects else ''}"


def _on_claim(town: Town, to: int, kind: str, x: int) -> Deed | None:
    claims = sorted(town.club.claims.values(), key=lambda claim: claim.id)
    if not claims:
        return None
    # Mostly one that can be undone, or confirmed; sometimes any.
    fitting = {"undo": "used", "confirm": "in_use"}.get(kind)
    some = [claim for claim in claims if fitting in (claim.state, claim.state_at(town.clock.at))] if x % 5 else []
    claim_id, now, parts = pick(some or claims, x).id, town.clock.at, town.processes[to].parts
    club_file = parts.clubs["family_club"]

    def apply(club: Club) -> str:
        claim = club.claim_by_id(claim_id)
        assert claim is not None
        return {"void": _void, "confirm": club.confirm, "undo": club.undo}[kind](claim, now)

    def deed() -> str:
        with parts.sessions() as session:
            try:
                if kind == "confirm":
                    token = use_links.page_token(session, claim_lookup.find(session, claim_id))
                    uses.confirm(session, club=club_file, token=token, pin=scene.PIN, now=now)
                elif kind == "undo":
                    by = ("partner", town.ids.partner)
                    uses.undo(session, claim_id=claim_id, by=by, reason="mistake", now=now)
                else:
                    uses.void(session, claim_id=claim_id, by=("staff", "nok"), reason="wrong account", now=now)
                answer = "ok"
            except Refusal as refusal:
                answer = refusal.name
            session.commit()
        return answer

    return Element(f"{kind} {claim_id}", apply), deed


def _void(claim: Claim, now: datetime) -> str:
    if claim.state != "kept":
        return "Void" if claim.state == "void" else "AlreadyUsed"
    claim.state, claim.reason = "void", "wrong account"
    return "ok"


def _offers(town: Town, to: int, kind: str, x: int, y: int) -> Deed:
    number, account, now = x % len(OFFERS), y % len(ACCOUNTS), town.clock.at
    offer, vault = town.club.offers[number], town.processes[to].parts.vault
    tier, until = pick(("silver", "platinum"), x), now + timedelta(days=20)

    def apply(club: Club) -> str:
        found = club.offers[number]
        if kind == "tier":
            club.accounts[account].override = (tier, until)
        elif kind == "withdraw":
            found.withdrawn = True
        elif found.codes is not None:
            found.codes += 1
        elif found.stock is not None:
            found.stock += 1
        return "ok"

    def deed() -> str:
        with town.processes[to].parts.sessions.begin() as session:
            if kind == "restock" and offer.codes is not None:
                found = session.get_one(Privilege, town.ids.privileges[number])
                scene.add_codes(session, vault, found, offer.codes, 1, now)
            else:
                values = {"offer": town.ids.privileges[number], "now": now, "until": until, "tier": tier}
                session.execute(text(OFFICE[kind]), {**values, "member": town.ids.members[account]})
        return "ok"

    return Element(f"{kind} {x} {y}", apply), deed


OFFICE = {
    "tier": "UPDATE members SET tier_override = :tier, override_until = :until, override_reason = 'thanks' WHERE id = :member",
    "withdraw": "UPDATE privileges SET withdrawn_at = :now WHERE id = :offer",
    "restock": "UPDATE privileges SET stock = stock + 1 WHERE id = :offer",
}
"""What staff writes for which there is no rule of its own yet."""
