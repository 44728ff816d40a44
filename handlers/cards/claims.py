"""Cards of claims: choosing the account, now or later, the code with its countdown, and a claim as it stands."""

from __future__ import annotations

from collections.abc import Sequence

from benefits.claims import HeldClaim
from benefits.privileges import Offer
from benefits.uses import Shown
from bot.actions import AskUse, MyInfo, ShowClaim, ShowPrivilege, ShowPrivileges, Use, UseLater
from bot.messages import Json, card, copy_text, open_page, press
from bot.routing import Turn
from handlers.cards.parts import (
    AMBER,
    AMBER_TINT,
    BRAND,
    FAINT,
    GREY_TINT,
    INK,
    MUTED,
    RED,
    TINT,
    band,
    bubble,
    button,
    hero,
    pair,
    pill,
    row,
    rule,
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
from handlers.cards.refusals import void_reason
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
    else:
        what = t(
            "The code shows for {n} minutes and then counts as used. Be at the shop or at checkout.",
            n=privilege.code_minutes,
        )
    body = [title(name_of(turn, privilege)), pair(t("Account"), held.account.name), words(what), *_until(turn, held)]
    buttons = [
        button(press(t("Yes, use it now"), Use(held.claim.id))),
        button(press(t("Use later"), UseLater(held.claim.id)), kind="secondary"),
    ]
    return card(
        f"{head} {name_of(turn, privilege)}. {what}", bubble(body, top=band(head, AMBER), buttons=buttons), home(turn)
    )


def in_use(turn: Turn, held: HeldClaim, shown: Shown) -> Json:
    """The code, and until when by the server's clock. The page behind the button counts down and can be reopened."""
    t, privilege = turn.words, shown.privilege
    until = t.time(shown.code_until)
    minutes = max(1, -(-int((shown.code_until - shown.now).total_seconds()) // 60))
    page = open_page(t("Open with countdown"), f"{turn.public_url}/use/{shown.token}?lang={turn.language}")
    body = [
        row(title(name_of(turn, privilege), flex=1), pill(t("In use"), BRAND, TINT)),
        words(partner_name(turn, privilege.partner), size="xs", colour=MUTED),
        pair(t("Account"), held.account.name),
    ]
    buttons = [button(page)]
    if shown.kind == "link" and shown.code.startswith(("https://", "http://")):
        buttons.insert(0, button(open_page(t("Open the link"), shown.code)))
        buttons[1] = button(page, kind="link")
    else:
        body.append(words(shown.code, size="xxl", bold=True, align="center", margin="lg", colour=INK))
        buttons.append(button(copy_text(t("Copy the code"), shown.code), kind="link"))
    body.append(
        words(
            t("Valid until {time} (about {n} minutes)", time=until, n=minutes), align="center", colour=BRAND, bold=True
        )
    )
    image = _code_picture(turn, shown) if shown.kind in ("qr", "barcode") else None
    alt = t(
        "In use until {time}: {privilege}, code {code}", time=until, privilege=name_of(turn, privilege), code=shown.code
    )
    return card(alt, bubble(body, picture=image, buttons=buttons), home(turn))


def claim_card(turn: Turn, held: HeldClaim) -> Json:
    """One claim as it stands: who claimed it, for which account, and what can be done."""
    t, claim = turn.words, held.claim
    body = [
        row(title(name_of(turn, claim.privilege), flex=1), state_pill(turn, held)),
        words(partner_name(turn, claim.privilege.partner), size="xs", colour=MUTED),
        pair(t("Account"), held.account.name),
        pair(t("Claimed by"), _by(turn, held)),
        pair(t("Claimed on"), t.moment(claim.claimed_at)),
        *story(turn, held),
    ]
    buttons = [button(press(t("All my claims"), MyInfo()), kind="link")]
    if held.may_use:
        buttons.insert(0, button(press(t("Claim and use"), AskUse(claim.id), t("Use now"))))
    alt = f"{name_of(turn, claim.privilege)} ({held.account.name}): {state_name(turn, held)}"
    return card(alt, bubble(body, picture=hero(picture(turn, claim.privilege)), buttons=buttons), home(turn))


def lost(turn: Turn, offer: Offer, why: str, others: Sequence[Offer], claim_id: int | None) -> Json:
    """Refused: why, in full, and what can be claimed instead."""
    t = turn.words
    head = t("Not this time")
    body = [title(name_of(turn, offer.privilege)), words(why)]
    buttons = []
    if claim_id is not None and any(claim_id == holding.claim.id for s in offer.standings for holding in s.holdings):
        body.append(words(t("The claim belongs to the account: you may use it too."), size="xs", colour=MUTED))
        buttons.append(button(press(t("Show the claim"), ShowClaim(claim_id)), kind="secondary"))
    if others:
        body += [rule(), words(t("You can claim now:"), bold=True, margin="md")]
        buttons += [
            button(press(name_of(turn, other.privilege), ShowPrivilege(other.privilege.id)), kind="link")
            for other in others
        ]
    else:
        buttons.append(button(press(t("All privileges"), ShowPrivileges()), kind="link"))
    return card(
        f"{name_of(turn, offer.privilege)}: {why}", bubble(body, top=band(head, AMBER), buttons=buttons), home(turn)
    )


def state_name(turn: Turn, held: HeldClaim) -> str:
    """`kept`, `in_use` … in the person's language."""
    t = turn.words
    names = {"kept": t("Kept"), "in_use": t("In use"), "used": t("Used"), "expired": t("Expired"), "void": t("Void")}
    return names[held.state]


def state_pill(turn: Turn, held: HeldClaim) -> Json:
    """The state as a coloured label."""
    looks = {
        "kept": (BRAND, TINT),
        "in_use": (AMBER, AMBER_TINT),
        "used": (MUTED, GREY_TINT),
        "expired": (FAINT, GREY_TINT),
        "void": (RED, "#FEF3F2"),
    }
    return pill(state_name(turn, held), *looks[held.state])


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
