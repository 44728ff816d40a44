"""Cards of claims: choosing the account, now or later, the code with its countdown, and a claim as it stands."""

from __future__ import annotations

from collections.abc import Sequence

from benefits.conditions import AlreadyClaimed
from benefits.held_claims import HeldClaim
from benefits.privileges import Offer
from benefits.refusal import Refusal
from benefits.uses import Shown
from bot.actions import AskUse, MyInfo, ShowClaim, ShowPrivilege, ShowPrivileges, Use, UseLater
from bot.messages import Json, card, copy_text, open_page, press
from bot.routing import Turn
from handlers.cards.parts import (
    AMBER,
    AMBER_TINT,
    BRAND,
    GREY_TINT,
    MUTED,
    RED,
    RED_TINT,
    TINT,
    band,
    bubble,
    button,
    hero,
    pair,
    pill,
    row,
    rule,
    ticket,
    title,
    words,
)
from handlers.cards.privileges import (
    ACCOUNTS_SHOWN,
    claim_action,
    name_of,
    partner_name,
    picture,
    standing_line,
    summary,
)
from handlers.cards.refusals import headline, reason, void_reason
from handlers.cards.typed import hint
from handlers.quick import home


def choose_account(turn: Turn, offer: Offer) -> Json:
    """Which account? One button for each that may; the others say why not."""
    t, privilege = turn.words, offer.privilege
    ready = offer.claimable[:ACCOUNTS_SHOWN]
    locked = [standing for standing in offer.standings if not standing.may_claim][:ACCOUNTS_SHOWN]
    head = t("Claim for which account?") if ready else t("Can't be claimed now")
    body = [title(name_of(turn, privilege)), words(partner_name(turn, privilege.partner), size="xs", colour=MUTED)]
    if ready:
        body.append(
            words(t("The claim is made the moment you choose. You decide afterwards when to use it."), size="xs")
        )
    if locked:
        body += [rule(), *(standing_line(turn, standing) for standing in locked)]
    ways = [t("claim {n} for {account}", n=privilege.id, account=standing.account.member_id) for standing in ready]
    body += hint(turn, *ways) if ways else []
    buttons = [button(claim_action(turn, offer, standing)) for standing in ready]
    buttons.append(button(press(t("Details"), ShowPrivilege(privilege.id)), kind="link"))
    alt = f"{head} {name_of(turn, privilege)}: {summary(turn, offer)}"
    return card(alt, bubble(body, top=band(head, turn.club.colour if ready else AMBER), buttons=buttons), home(turn))


def now_or_later(turn: Turn, held: HeldClaim) -> Json:
    """Claimed. **ใช้สิทธิ์ทันที** or **ใช้สิทธิ์ภายหลัง**? No answer keeps it for later."""
    t, claim = turn.words, held.claim
    head = t("It is yours")
    body = [
        title(name_of(turn, claim.privilege)),
        words(partner_name(turn, claim.privilege.partner), size="xs", colour=MUTED),
        pair(t("Account"), held.account.name),
        *_until(turn, held),
        words(t("Use it now, or keep it for later? If you don't answer, it is kept."), size="xs", margin="md"),
    ]
    ways = (t("use {n}", n=claim.id), t("use later {n}", n=claim.id))
    body += hint(turn, *(ways if held.may_use else ways[1:]))
    buttons = [button(press(t("Use later"), UseLater(claim.id)), kind="secondary")]
    if held.may_use:
        buttons.insert(0, button(press(t("Use now"), AskUse(claim.id))))
    alt = t(
        "Claimed for {account}: {privilege}. Use it now or later?",
        account=held.account.name,
        privilege=name_of(turn, claim.privilege),
    )
    return card(
        alt,
        bubble(body, top=band(head, turn.club.colour), picture=hero(picture(turn, claim.privilege)), buttons=buttons),
        home(turn),
    )


def kept(turn: Turn, held: HeldClaim) -> Json:
    """Kept for later: where to find it, until when."""
    t, claim = turn.words, held.claim
    head = t("Kept under “My info”")
    body = [title(name_of(turn, claim.privilege)), pair(t("Account"), held.account.name), *_until(turn, held)]
    if claim.use_until and turn.club.notices.reminder_days:
        body.append(words(t("We remind you before it ends."), size="xs", colour=MUTED))
    buttons = [
        button(press(t("My info"), MyInfo()), kind="secondary"),
        button(press(t("More privileges"), ShowPrivileges()), kind="link"),
    ]
    alt = t(
        "Kept for later: {privilege} ({account})", privilege=name_of(turn, claim.privilege), account=held.account.name
    )
    return card(alt, bubble(body, top=band(head, turn.club.colour), buttons=buttons), home(turn))


def ask_use(turn: Turn, held: HeldClaim) -> Json:
    """Asks once: what starts when you say yes."""
    t, privilege = turn.words, held.claim.privilege
    head = t("Use it now?")
    if privilege.redeem == "qr":
        what = t("Show the QR to the staff at the shop within {n} minutes; they confirm it.", n=privilege.code_minutes)
    elif privilege.redeem == "link":
        what = t("The link shows for {n} minutes, and the privilege counts as used.", n=privilege.code_minutes)
    else:
        what = t(
            "The code shows for {n} minutes and then counts as used. Be at the shop or at checkout.",
            n=privilege.code_minutes,
        )
    body = [
        title(name_of(turn, privilege)),
        pair(t("Account"), held.account.name),
        *_until(turn, held),
        words(what, margin="md"),
        *hint(turn, t("confirm use {n}", n=held.claim.id)),
    ]
    buttons = [
        button(press(t("Yes, use it now"), Use(held.claim.id))),
        button(press(t("Use later"), UseLater(held.claim.id)), kind="secondary"),
    ]
    return card(
        f"{head} {name_of(turn, privilege)}. {what}", bubble(body, top=band(head, AMBER), buttons=buttons), home(turn)
    )


def in_use(turn: Turn, shown: Shown) -> Json:
    """The code, and until when by the server's clock. The page behind the button counts down and can be reopened."""
    t, privilege = turn.words, shown.privilege
    whose = [partner_name(turn, privilege.partner), *([shown.account.name] if shown.account else [])]
    until = t.time(shown.code_until)
    page = open_page(t("Open with countdown"), f"{turn.public_url}/use/{shown.token}?lang={turn.language}")
    note = t("Valid until {time}", time=until)
    body = [
        row(state_pill(turn, "in_use"), {"type": "filler"}),
        title(name_of(turn, privilege)),
        words(" · ".join(whose), size="xs", colour=MUTED),
    ]
    buttons = [button(page)]
    if shown.kind == "link" and shown.code.startswith(("https://", "http://")):
        buttons.insert(0, button(open_page(t("Open the link"), shown.code)))
        buttons[1] = button(page, kind="link")
        body.append(ticket(note))
    else:
        # A barcode's picture says its digits already; beside a QR they are for the staff whose camera fails.
        body.append(ticket(note) if shown.kind == "barcode" else ticket(note, shown.code, _size(shown)))
        buttons.append(button(copy_text(t("Copy the code"), shown.code), kind="link"))
    image = _code_picture(turn, shown) if shown.kind in ("qr", "barcode") else None
    alt = t(
        "In use until {time}: {privilege}, code {code}", time=until, privilege=name_of(turn, privilege), code=shown.code
    )
    return card(alt, bubble(body, picture=image, buttons=buttons), home(turn))


def _size(shown: Shown) -> str:
    return "xl" if shown.kind == "qr" else "3xl"


def claim_card(turn: Turn, held: HeldClaim) -> Json:
    """One claim as it stands: who claimed it, for which account, and what can be done."""
    t, claim = turn.words, held.claim
    body = [
        row(state_pill(turn, held.state), {"type": "filler"}),
        title(name_of(turn, claim.privilege)),
        words(partner_name(turn, claim.privilege.partner), size="xs", colour=MUTED),
        pair(t("Account"), held.account.name),
        pair(t("Claimed by"), _by(turn, held)),
        pair(t("Claimed on"), t.moment(claim.claimed_at)),
        *story(turn, held),
    ]
    buttons = [button(press(t("All my claims"), MyInfo()), kind="link")]
    if held.may_use:
        buttons.insert(0, use_button(turn, held))
        body += hint(turn, t("use {n}", n=claim.id))
    alt = f"{name_of(turn, claim.privilege)} ({held.account.name}): {state_names(turn)[held.state]}"
    return card(alt, bubble(body, picture=hero(picture(turn, claim.privilege)), buttons=buttons), home(turn))


def lost(turn: Turn, offer: Offer, refusal: Refusal, others: Sequence[Offer]) -> Json:
    """Refused: who was first or why not, in full, and what can be claimed instead."""
    t = turn.words
    name, head, why = name_of(turn, offer.privilege), headline(turn, refusal), reason(turn, refusal)
    body = [title(name), *(_holder(turn, refusal) if isinstance(refusal, AlreadyClaimed) else [words(why)])]
    buttons = []
    if isinstance(refusal, AlreadyClaimed) and _is_seen(offer, refusal.claim.id):
        body.append(words(t("The claim belongs to the account: you may use it too."), size="xs", colour=MUTED))
        buttons.append(button(press(t("Show the claim"), ShowClaim(refusal.claim.id)), kind="secondary"))
    if others:
        buttons += [rule("lg"), words(t("You can claim now:"), bold=True, margin="lg", align="center")]
        buttons += [
            button(press(name_of(turn, other.privilege), ShowPrivilege(other.privilege.id)), kind="link")
            for other in others
        ]
    else:
        buttons.append(button(press(t("All privileges"), ShowPrivileges()), kind="link"))
    body += hint(turn, *(t("privilege {n}", n=other.privilege.id) for other in others)) if others else []
    return card(f"{name}: {why}", bubble(body, top=band(head, AMBER), buttons=buttons), home(turn))


def _holder(turn: Turn, refusal: AlreadyClaimed) -> list[Json]:
    """For which account, and when; the headline says by whom."""
    t = turn.words
    again = [pair(t("Opens again"), t.day(refusal.again), colour=BRAND)] if refusal.again else []
    return [pair(t("Account"), refusal.account), pair(t("Claimed on"), t.moment(refusal.at)), *again]


def _is_seen(offer: Offer, claim_id: int) -> bool:
    """Whether the claim is one of an account she acts for."""
    return any(claim_id == holding.claim.id for standing in offer.standings for holding in standing.holdings)


def use_button(turn: Turn, held: HeldClaim) -> Json:
    """*Claim and use*; for what is in use already, its code again."""
    t = turn.words
    if held.state == "in_use":
        return button(press(t("Show the code"), AskUse(held.claim.id)))
    return button(press(t("Claim and use"), AskUse(held.claim.id)))


def state_names(turn: Turn) -> dict[str, str]:
    """The states of a claim in the person's language."""
    t = turn.words
    return {"kept": t("Kept"), "in_use": t("In use"), "used": t("Used"), "expired": t("Expired"), "void": t("Void")}


def state_pill(turn: Turn, state: str) -> Json:
    """The state as a coloured label."""
    looks = {
        "kept": (BRAND, TINT),
        "in_use": (AMBER, AMBER_TINT),
        "used": (MUTED, GREY_TINT),
        "expired": (MUTED, GREY_TINT),
        "void": (RED, RED_TINT),
    }
    return pill(state_names(turn)[state], *looks[state])


def story(turn: Turn, held: HeldClaim) -> list[Json]:
    """What became of it, or until when it can be used: a line or two."""
    t, claim = turn.words, held.claim
    if held.state == "used" and claim.used_at:
        by = held.used_by or t("another admin")
        return [words(t("Used on {when} by {name}.", when=t.moment(claim.used_at), name=by), size="xs", colour=MUTED)]
    if held.state == "void":
        return [
            words(t("This claim is void: {reason}", reason=void_reason(turn, claim.void_reason)), size="xs", colour=RED)
        ]
    if held.state == "expired" and claim.use_until:
        return [words(t("Expired on {when}.", when=t.moment(claim.use_until)), size="xs", colour=MUTED)]
    if held.state == "in_use" and claim.code_until:
        return [pair(t("Valid until"), t.time(claim.code_until), colour=AMBER, bold=True)]
    if held.opens:
        return [
            words(t("Can be used from {when}.", when=t.moment(held.opens)), size="xs", colour=AMBER),
            *_until(turn, held),
        ]
    return _until(turn, held)


def _until(turn: Turn, held: HeldClaim) -> list[Json]:
    t, until = turn.words, held.claim.use_until
    said = t.moment(until) if until else t("no end date")
    return [pair(t("Use until"), said, colour=BRAND)]


def _by(turn: Turn, held: HeldClaim) -> str:
    t = turn.words
    return t("you") if held.by_me else held.by or t("another admin")


def _code_picture(turn: Turn, shown: Shown) -> Json:
    url = f"{turn.public_url}/media/codes/{shown.token}.png"
    return {
        "type": "image",
        "url": url,
        "size": "full",
        "aspectRatio": "1:1" if shown.kind == "qr" else "20:13",
        "aspectMode": "fit",
    }
