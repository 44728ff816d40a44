"""From an event to a reply: who speaks, what they mean, who answers. Consent first, notices ride along, menus follow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from benefits import consent, notices, people
from benefits.arriving import Arrived, arrive
from benefits.refusal import Refusal
from bot.actions import Action, StaleButton, SwitchTab, unpack
from bot.messages import PER_REPLY, text
from bot.routing import SILENCE, Arrival, Reply, Route, Routes, Turn
from clubs import Club
from handlers import helping, joining
from handlers.cards.refusals import refused
from handlers.telling import worded
from richmenu import choosing, linking
from wording import words

USER_ID = re.compile(r"U[0-9a-f]{32}")


@dataclass(frozen=True)
class Conversation:
    """Answers the events of every club."""

    clubs: Mapping[str, Club]
    routes: Routes
    public_url: str

    def answer(self, arrival: Arrival) -> Reply:
        """What to say to one event, inside its transaction. Errors are the webhook's to park."""
        club, event = self.clubs[arrival.club], arrival.event
        if event.get("type") == "unsend":
            return _unsend(arrival, club)
        found = event.get("source")
        source: dict[str, Any] = found if isinstance(found, dict) else {}
        if source.get("type") in ("group", "room"):
            return helping.in_a_group(event, self.routes, words(club.languages[0]))
        user_id = source.get("userId")
        if source.get("type") != "user" or not isinstance(user_id, str) or not USER_ID.fullmatch(user_id):
            return SILENCE
        action = self._meant(event)
        route = self.routes.of(action) if isinstance(action, Action) and not isinstance(action, SwitchTab) else None
        ahead = route.ahead(club, user_id, action, arrival.now) if route and route.ahead else ()
        arrived = arrive(arrival.session, club=club, line_user_id=user_id, now=arrival.now, ahead=ahead)
        turn = self._turn(arrival, club, arrived)
        reply = self._of_person(turn, route, action)
        if event.get("mode") == "standby":
            return Reply(outcome=f"standby: {reply.outcome}")
        return self._follow_up(turn, reply, arrived if route is not None and route.as_she_arrived else None)

    def apologise(self, arrival: Arrival) -> Sequence[dict[str, Any]]:
        """What to say when an event could not be handled: it is kept, and trying again is safe."""
        t = words(self.clubs[arrival.club].languages[0])
        return [text(t("Sorry, something went wrong on our side. Nothing was lost; please try again in a moment."))]

    def _turn(self, arrival: Arrival, club: Club, arrived: Arrived) -> Turn:
        person = arrived.person
        known = person.language if person.language in club.languages else club.languages[0]
        voice, agreed = words(known), arrived.agreed
        return Turn(arrival.session, club, person, arrival.event, arrival.now, voice, self.public_url, agreed)

    def _of_person(self, turn: Turn, route: Route | None, action: Action | StaleButton | None) -> Reply:
        kind = turn.event.get("type")
        if kind in ("follow", "unfollow"):
            return _friendship(turn, kind)
        if isinstance(action, StaleButton):
            return helping.stale(turn)
        if isinstance(action, SwitchTab):
            return Reply(outcome="tab")
        if route is None or action is None:
            return helping.not_understood(turn) if kind == "message" else SILENCE
        return self._ask(turn, route, action)

    def _ask(self, turn: Turn, route: Route, action: Action) -> Reply:
        if not route.before_consent and not turn.agreed:
            return joining.ask_consent(turn)
        try:
            with nullcontext() if route.as_she_arrived else turn.session.begin_nested():
                return route.handler(turn, action)
        except Refusal as refusal:
            return refused(turn, refusal)

    def _meant(self, event: Mapping[str, Any]) -> Action | StaleButton | None:
        """The action of a button or of typed text; none when it is neither."""
        postback, message = event.get("postback"), event.get("message")
        if event.get("type") == "postback" and isinstance(postback, dict):
            try:
                return unpack(str(postback.get("data", "")))
            except StaleButton as stale:
                return stale
        if event.get("type") == "message" and isinstance(message, dict) and message.get("type") == "text":
            return self.routes.typed(str(message.get("text", "")))
        return None

    def _follow_up(self, turn: Turn, reply: Reply, unchanged: Arrived | None) -> Reply:
        """Notices ride on what is said anyway; menu and profile are attended to after the commit.

        `unchanged`: how she stood when she arrived, where the handler cannot have changed that.
        """
        if reply.messages and (unchanged is None or unchanged.news):
            room = PER_REPLY - len(reply.messages)
            due = notices.waiting(turn.session, person=turn.person, now=turn.now, limit=room) if room else []
            # Quick replies show under the last message only: what was asked for stays last.
            reply = replace(reply, messages=[*(worded(turn, notice) for notice in due), *reply.messages])
            notices.told(turn.session, due, turn.now)
        person = turn.person
        agreed = (
            unchanged.agreed if unchanged else not consent.needs_consent(turn.session, club=turn.club, person=person)
        )
        linking.want(person, choosing.menu_key(turn.club, person.language, member=agreed))
        stale = person.profile_at is None or turn.now - person.profile_at > people.PROFILE_AGE
        return replace(reply, attend=person.friend and (stale or person.menu_wanted != person.menu_linked))


def _friendship(turn: Turn, kind: str) -> Reply:
    """Follow and unfollow: an older event that arrives late changes nothing and is answered by nothing (A8)."""
    at = _event_time(turn)
    if kind == "unfollow":
        people.unfollowed(turn.session, person=turn.person, event_at=at, now=turn.now)
        return Reply(outcome="unfollowed")
    if not people.followed(turn.session, person=turn.person, event_at=at, now=turn.now):
        return Reply(outcome="an older follow")
    # Whatever LINE showed before the block is gone or uncertain.
    turn.person.menu_linked = None
    return joining.welcome(turn)


def _event_time(turn: Turn) -> datetime:
    stamp = turn.event.get("timestamp")
    if isinstance(stamp, int) and not isinstance(stamp, bool) and 0 < stamp < 2**42:
        return datetime.fromtimestamp(stamp / 1000, UTC)
    return turn.now


def _unsend(arrival: Arrival, club: Club) -> Reply:
    unsend = arrival.event.get("unsend")
    message_id = unsend.get("messageId") if isinstance(unsend, dict) else None
    if isinstance(message_id, str):
        people.erase_message(arrival.session, club, message_id)
    return Reply(outcome="unsent")
