"""Cards of My info: the counts, and lists of claims."""

from __future__ import annotations

from collections.abc import Mapping

from benefits.held_claims import HeldClaim, Page
from bot.actions import ShowAccounts, ShowClaim, ShowClaims, ShowPrivileges
from bot.messages import Json, card, cards, press
from bot.routing import Turn
from handlers.cards.claims import state_names, state_pill, story, use_button
from handlers.cards.paging import page_of
from handlers.cards.parts import BRAND, FAINT, MUTED, band, bubble, button, hero, row, rule, title, words
from handlers.cards.privileges import name_of, partner_name, picture
from handlers.cards.typed import hint
from handlers.quick import home

NAMED = 3
"""So many are named in the alt text."""


def overview(turn: Turn, counts: Mapping[str, int]) -> Json:
    """Counts by state, each a way to its list."""
    t = turn.words
    names = state_names(turn)
    rows = [_count(turn, state, names[state], n) for state, n in counts.items() if n or state in ("kept", "used")]
    head = t("My info")
    buttons = [
        button(
            press(t("My privileges ({n} kept)", n=counts["kept"]), ShowClaims("kept"), t("Claim and use")),
            kind="primary" if counts["kept"] else "secondary",
        ),
        button(press(t("Official accounts"), ShowAccounts()), kind="secondary"),
    ]
    alt = t("My info: {kept} kept, {used} used", kept=counts["kept"], used=counts["used"])
    return card(alt, bubble(rows, top=band(head, turn.club.colour), buttons=buttons), home(turn))


def claims_of_state(turn: Turn, page: Page, state: str) -> Json:
    """A page of claims that swipe, as many as LINE's 50 KB hold."""
    t = turn.words
    shown, _ = page_of(page.claims, 0, lambda claim: _claim(turn, claim))
    following = page.skipped + len(shown)
    if following < page.total:
        shown.append(_more(turn, state, following, page.total))
    names = ", ".join(name_of(turn, claim.claim.privilege) for claim in page.claims[:NAMED])
    alt = t("{state} ({n}): {privileges}", state=state_names(turn)[state], n=page.total, privileges=names)
    return cards(alt, shown, home(turn))


def nothing(turn: Turn, state: str) -> str:
    """There is nothing of that state: what to do instead."""
    t = turn.words
    if state == "kept":
        return t("Nothing is waiting to be used. Claim something under “My privileges”.")
    return t("Nothing here: no claims are “{state}”.", state=state_names(turn)[state])


def _count(turn: Turn, state: str, name: str, n: int) -> Json:
    shape = row(
        words(name, flex=1, gravity="center"),
        words(str(n), size="xl", bold=True, colour=BRAND if n else FAINT, align="end", flex=0),
        words("›", size="xl", colour=FAINT, flex=0),
        paddingTop="4px",
        paddingBottom="4px",
    )
    return {**shape, "action": press(name, ShowClaims(state))}


def _claim(turn: Turn, held: HeldClaim) -> Json:
    t, claim = turn.words, held.claim
    show = press(t("Details"), ShowClaim(claim.id), name_of(turn, claim.privilege))
    body = [
        row(state_pill(turn, held.state), {"type": "filler"}),
        title(name_of(turn, claim.privilege), maxLines=2),
        words(f"{partner_name(turn, claim.privilege.partner)} · {held.account.name}", size="xs", colour=MUTED),
        rule(),
        *story(turn, held),
    ]
    buttons = [button(show, kind="link")]
    if held.may_use:
        buttons.insert(0, use_button(turn, held))
        body += hint(turn, t("use {n}", n=claim.id), t("show claim {n}", n=claim.id))
    return bubble(body, picture=hero(picture(turn, claim.privilege), show), buttons=buttons, size="kilo")


def _more(turn: Turn, state: str, following: int, total: int) -> Json:
    t = turn.words
    body = [title(t("{n} more", n=total - following))]
    buttons = [
        button(press(t("Show more"), ShowClaims(state, following))),
        button(press(t("My privileges"), ShowPrivileges()), kind="link"),
    ]
    return bubble(body, buttons=buttons, size="kilo")
