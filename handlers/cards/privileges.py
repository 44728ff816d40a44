"""Cards of privileges: the catalogue that swipes, and one privilege with its conditions."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from benefits.conditions import AlreadyClaimed, NotYet, SoldOut
from benefits.privileges import Offer, Standing
from benefits.refusal import Refusal
from bot.actions import ClaimFor, MyInfo, ShowAccounts, ShowPrivilege, ShowPrivileges, ShowTerms, StartClaim
from bot.messages import Json, cards, press
from bot.routing import Turn
from handlers.cards.paging import page_of
from handlers.cards.parts import (
    AMBER,
    AMBER_TINT,
    BRAND,
    GREY_TINT,
    MUTED,
    TINT,
    bubble,
    button,
    hero,
    pill,
    row,
    rule,
    stack,
    title,
    words,
)
from handlers.cards.refusals import brief, reason, tiers_said
from handlers.cards.typed import hint
from handlers.quick import home
from models import Partner, Privilege

ACCOUNTS_SHOWN = 8


def name_of(turn: Turn, privilege: Privilege) -> str:
    """The privilege's name in the person's language."""
    return privilege.name_en if turn.language != "th" and privilege.name_en else privilege.name_th


def partner_name(turn: Turn, partner: Partner) -> str:
    """The partner's name in the person's language."""
    return partner.name_en if turn.language != "th" and partner.name_en else partner.name_th


def about(turn: Turn, privilege: Privilege) -> str:
    """What it is, in the person's language."""
    return privilege.about_en if turn.language != "th" and privilege.about_en else privilege.about_th


def conditions_of(turn: Turn, privilege: Privilege) -> str:
    """Its conditions, in the person's language."""
    return privilege.conditions_en if turn.language != "th" and privilege.conditions_en else privilege.conditions_th


def picture(turn: Turn, privilege: Privilege) -> str:
    """Where its picture is served; without one of its own a drawn one."""
    return f"{turn.public_url}/media/pictures/{quote(privilege.picture or f'{privilege.key}.png')}"


def catalogue(turn: Turn, offers: Sequence[Offer], page: int, quick: Sequence[Json]) -> Json:
    """A page of bubbles that swipe, as many as LINE's 50 KB hold; the last one leads on."""
    t = turn.words
    shown, more = page_of(offers, page, lambda offer: _offer(turn, offer))
    open_now = sum(1 for offer in offers if offer.claimable)
    alt = t("My privileges: {open} of {n} can be claimed now", open=open_now, n=len(offers))
    return cards(alt, [*shown, _way_on(turn, more)], quick)


def details(turn: Turn, offer: Offer) -> Json:
    """One privilege: what it is, its conditions, its windows, and every account's standing."""
    t, privilege = turn.words, offer.privilege
    body = [
        title(name_of(turn, privilege)),
        words(partner_name(turn, privilege.partner), colour=MUTED),
        words(about(turn, privilege)),
        *windows(turn, offer),
    ]
    conditions = conditions_of(turn, privilege)
    if conditions:
        body += [rule(), words(t("Conditions"), bold=True, margin="md"), words(conditions, size="xs", colour=MUTED)]
    if offer.standings:
        body += [rule(), *(standing_line(turn, standing) for standing in offer.standings[:ACCOUNTS_SHOWN])]
    body += hint(turn, t("claim {n}", n=privilege.id))
    buttons = [_claim_button(turn, offer), button(press(t("All privileges"), ShowPrivileges()), kind="link")]
    alt = f"{name_of(turn, privilege)} – {partner_name(turn, privilege.partner)}. {summary(turn, offer)}"
    shape = bubble(body, picture=hero(picture(turn, privilege)), buttons=buttons)
    return cards(alt, [shape], home(turn))


def windows(turn: Turn, offer: Offer) -> list[Json]:
    """Until when it can be claimed and used, and how many are left."""
    t, privilege = turn.words, offer.privilege
    lines = []
    if offer.left is not None:
        lines.append(t("{n} left", n=t.number(offer.left)))
    if privilege.claim_from and privilege.claim_from > turn.now:
        lines.append(t("Claim from {when}", when=t.moment(privilege.claim_from)))
    if privilege.claim_to:
        lines.append(t("Claim until {day}", day=t.last_day(privilege.claim_to)))
    if privilege.use_from and privilege.use_from > turn.now:
        lines.append(t("Use from {when}", when=t.moment(privilege.use_from)))
    if privilege.use_to:
        lines.append(t("Use until {day}", day=t.last_day(privilege.use_to)))
    if privilege.use_days:
        lines.append(t("Use within {n} days of claiming", n=privilege.use_days))
    if privilege.tiers:
        lines.append(t("For tiers: {tiers}", tiers=tiers_said(turn, privilege.tiers)))
    if privilege.new_members_only:
        lines.append(t("For new members only."))
    lines.append(limit(turn, privilege))
    return [words(f"· {line}", size="xs", colour=MUTED) for line in lines]


def limit(turn: Turn, privilege: Privilege) -> str:
    """How often, per whom."""
    t, n = turn.words, privilege.claim_limit
    if privilege.scope == "person":
        return t("{n} per person", n=n)
    if privilege.scope == "account_month":
        return t("{n} per account and month", n=n)
    return t("{n} per account", n=n)


def standing_line(turn: Turn, standing: Standing) -> Json:
    """One account: can claim, or why not; with a button where it can."""
    t = turn.words
    if standing.refusal is None:
        note, label = [], pill(t("Ready"), BRAND, TINT)
    else:
        note = [words(brief(turn, standing.refusal), size="xs", colour=MUTED)]
        gone = isinstance(standing.refusal, AlreadyClaimed | SoldOut)
        colours = (MUTED, GREY_TINT) if gone else (AMBER, AMBER_TINT)
        label = pill(_short(turn, standing), *colours)
    return stack(row(words(standing.account.name, bold=True, flex=1), label), *note, spacing="xs", margin="md")


def claim_action(turn: Turn, offer: Offer, standing: Standing) -> Json:
    """The button that claims for one account."""
    action = ClaimFor(offer.privilege.id, standing.account.member_id, standing.next_slot)
    return press(standing.account.name, action, turn.words("Claim for {account}", account=standing.account.name))


def summary(turn: Turn, offer: Offer) -> str:
    """In a few words, for all accounts together."""
    t = turn.words
    if offer.claimable:
        names = ", ".join(standing.account.name for standing in offer.claimable[:3])
        return t("Can be claimed for {accounts}", accounts=names)
    if not offer.standings:
        return t("Join the club to claim")
    return reason(turn, _nearest(offer))


def _nearest(offer: Offer) -> Refusal:
    """The refusal that says most: somebody was first, it opens later, else the first account's."""
    refusals = [standing.refusal for standing in offer.standings if standing.refusal is not None]
    telling = [no for no in refusals if isinstance(no, AlreadyClaimed | NotYet | SoldOut)]
    return (telling or refusals)[0]


def _offer(turn: Turn, offer: Offer) -> Json:
    privilege = offer.privilege
    ready = bool(offer.claimable)
    body = [
        title(name_of(turn, privilege), maxLines=2),
        words(partner_name(turn, privilege.partner), size="xs", colour=MUTED),
        words(summary(turn, offer), size="xs", maxLines=3, colour=BRAND if ready else MUTED),
        *hint(turn, turn.words("privilege {n}", n=privilege.id), turn.words("claim {n}", n=privilege.id)),
    ]
    details_action = press(turn.words("Details"), ShowPrivilege(privilege.id), name_of(turn, privilege))
    buttons = [_claim_button(turn, offer), button(details_action, kind="link")]
    return bubble(body, picture=hero(picture(turn, privilege), details_action), buttons=buttons, size="kilo")


def _claim_button(turn: Turn, offer: Offer) -> Json:
    t, privilege = turn.words, offer.privilege
    if not offer.standings:
        return button(press(t("Join the club"), ShowTerms()))
    say = t("Claim: {privilege}", privilege=name_of(turn, privilege))
    return button(press(t("Claim"), StartClaim(privilege.id), say), kind="primary" if offer.claimable else "secondary")


def _short(turn: Turn, standing: Standing) -> str:
    t, refusal = turn.words, standing.refusal
    if isinstance(refusal, AlreadyClaimed):
        return t("Claimed")
    return t("Sold out") if isinstance(refusal, SoldOut) else t("Locked")


def _way_on(turn: Turn, more: int | None) -> Json:
    t = turn.words
    buttons = [
        button(press(t("My info"), MyInfo()), kind="secondary"),
        button(press(t("Official accounts"), ShowAccounts()), kind="secondary"),
    ]
    if more is not None:
        buttons.insert(0, button(press(t("More privileges"), ShowPrivileges(more))))
    body = [
        title(t("Looking for something else?")),
        words(
            t(
                "What you kept is in “My info”; tiers and {stars} are in “Official accounts”.",
                stars=turn.club.say(turn.club.stars.name, turn.language),
            ),
            size="xs",
            colour=MUTED,
        ),
    ]
    if more is not None:
        body += hint(turn, t("more privileges {n}", n=more))
    shape = bubble(body, buttons=buttons, size="kilo")
    shape["body"]["backgroundColor"] = GREY_TINT
    shape["body"]["justifyContent"] = "center"
    return shape
