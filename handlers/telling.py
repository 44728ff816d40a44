"""Notices, worded: what waited to be said, in the person's language."""

from __future__ import annotations

from datetime import datetime

from benefits.notices import ENDING
from benefits.offers.approvers import OFFER_ASKED
from benefits.periods import parse_month
from benefits.staff_notices import CHANGED
from bot.actions import AskUse, Explain, ShowClaim, ShowPrivileges
from bot.messages import Json, card, press, text
from bot.routing import Turn
from handlers import approving, colleagues
from handlers.cards.parts import AMBER, BRAND, MUTED, band, bubble, button, words
from models import Notice


def worded(turn: Turn, notice: Notice) -> Json:
    """The message a notice becomes. A kind nobody words any more is said as a plain pointer, never lost silently."""
    tellers = {
        "tier_changed": _tier_changed,
        ENDING: _ending,
        OFFER_ASKED: approving.worded,
        CHANGED: colleagues.worded,
    }
    teller = tellers.get(notice.kind)
    return (
        teller(turn, notice)
        if teller
        else text(turn.words("There is news about your accounts. Type “official accounts”."))
    )


def _tier_changed(turn: Turn, notice: Notice) -> Json:
    t, club, facts = turn.words, turn.club, notice.facts
    before, after = facts.get("before"), facts["after"]
    keys = [tier.key for tier in club.tiers]
    rose = before not in keys or keys.index(after) > keys.index(before)
    tier = club.say(club.tier(after).name, turn.language)
    account = facts.get("account", "")
    head = t("{account} is now {tier}", account=account, tier=tier)
    said = (
        t("Congratulations! The adjustment for {month} raised your tier.", month=t.month(parse_month(facts["period"])))
        if rose
        else t(
            "The adjustment for {month} changed your tier. The statement shows every line.",
            month=t.month(parse_month(facts["period"])),
        )
    )
    buttons = [
        button(press(t("My privileges"), ShowPrivileges())),
        button(press(t("Why this number"), Explain(facts["member_id"], facts["period"])), kind="link"),
    ]
    return card(head, bubble([words(said)], top=band(head, club.tier(after).colour), buttons=buttons))


def _ending(turn: Turn, notice: Notice) -> Json:
    t, facts = turn.words, notice.facts
    name = facts.get(f"privilege_{turn.language}") or facts["privilege_th"]
    until = t.moment(datetime.fromisoformat(facts["use_until"]))
    head = t("Still to be used: {privilege}", privilege=name)
    body = [
        words(name, bold=True),
        words(facts["account"], colour=MUTED),
        words(t("You can use it until {until}.", until=until), colour=BRAND),
    ]
    buttons = [
        button(press(t("Use now"), AskUse(facts["claim"]))),
        button(press(t("Details"), ShowClaim(facts["claim"])), kind="link"),
    ]
    return card(f"{head} – {until}", bubble(body, top=band(t("Ends soon"), AMBER), buttons=buttons))
