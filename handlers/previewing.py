"""What a privilege looks like in the chat before anybody sees it there: its card, drawn for an example account."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from benefits.conditions import TierTooLow, why_not
from benefits.members import Account
from benefits.privileges import Offer, Standing
from bot.messages import Json
from bot.routing import Turn
from clubs import Club
from handlers.cards import privileges as cards
from models import Member, Person, Privilege
from wording import words

LONG_NAME = 60
"""Letters of a long account name: a card has to carry several of them, and must not turn out too heavy in the chat."""


def privilege_card(
    session: Session, club: Club, privilege: Privilege, language: str, *, public_url: str, now: datetime
) -> Json:
    """The card of `privilege` as a Flex message in `language`, as an admin of an account of the right tier sees it.

    `privilege` may be a draft that is in no database, with its partner set. An empty `public_url` leaves the picture's
    address without a host. Raises `LimitExceeded` where LINE would refuse the card.
    """
    turn = Turn(session, club, _reader(club, language, now), {}, now, words(language), public_url)
    offer = _drawn_offer(turn, privilege)
    _weigh(turn, offer)
    return _alone(cards.details(turn, offer))


def privilege_in_list(
    session: Session, club: Club, privilege: Privilege, language: str, *, public_url: str, now: datetime
) -> Json:
    """The same in the list that swipes, where names are cut after two lines. Raises `LimitExceeded`."""
    turn = Turn(session, club, _reader(club, language, now), {}, now, words(language), public_url)
    message = cards.catalogue(turn, [_drawn_offer(turn, privilege)], 0, ())
    return {**message, "contents": message["contents"]["contents"][0]}


def _drawn_offer(turn: Turn, privilege: Privilege) -> Offer:
    """The privilege and its standing for an example account of the right tier: its windows and stock still decide."""
    left = None if privilege.stock is None else max(0, privilege.stock - (privilege.taken or 0))
    tier = privilege.tiers[0] if privilege.tiers else turn.club.entry_tier.key
    shop = Member(id=0, club=turn.club.key, name=turn.words("Example shop"))
    account = Account(shop, turn.club.claiming_roles[0], None, tier, True, None, None)
    refusal = why_not(club=turn.club, privilege=privilege, account=account, holdings=(), left=left, now=turn.now)
    return Offer(privilege, left, (Standing(account, refusal, ()),))


def _weigh(turn: Turn, offer: Offer) -> None:
    """Build the card for somebody with as many accounts as it names, each refused in words. Raises `LimitExceeded`."""
    tiers = tuple(tier.key for tier in turn.club.tiers)
    account = offer.standings[0].account
    shop = Member(id=0, club=turn.club.key, name="ก" * LONG_NAME)
    refused = Standing(replace(account, member=shop), TierTooLow(tiers, account.tier), ())
    cards.details(turn, Offer(offer.privilege, offer.left, (refused,) * cards.ACCOUNTS_SHOWN))


def _reader(club: Club, language: str, now: datetime) -> Person:
    """Somebody who is in no database: nothing of her is written."""
    return Person(id=0, club=club.key, line_user_id="", friend=True, language=language, created_at=now)


def _alone(message: Json) -> Json:
    """The card without the quick replies under it."""
    return {name: value for name, value in message.items() if name != "quickReply"}
