"""What an offer says, drawn as LINE messages in one language: for sending, for tests, for the console's preview.

The last message carries the way out as a quick reply, in every offer (typed twin: “ไม่รับข่าวสาร”). Nothing is shortened
silently: what LINE would refuse raises `LimitExceeded`, and the author hears of it before anybody is asked to approve.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy.orm import Session

from benefits.conditions import UnknownPrivilege
from benefits.offers import clicks, texts
from benefits.offers.content import HEAVIEST, TEXT
from benefits.offers.shape import parts_of, personal
from benefits.offers.texts import MissingValue
from benefits.offers.values import values
from benefits.privileges import Offer as Shown
from bot.actions import Offers, ShowPrivilege, ShowPrivileges, StartClaim
from bot.messages import Json, LimitExceeded, card, fit, open_page, press, text, units, weight, with_quick
from bot.routing import Turn
from clubs import Club
from handlers.cards import privileges as cards
from handlers.cards.parts import MUTED, bubble, button, hero, title, words
from models import Offer, Person, Privilege
from wording import Words
from wording import words as voice

Values = Mapping[str, str | int | None]


def body(session: Session, club: Club, offer: Offer, language: str, *, public_url: str, now: datetime) -> list[Json]:
    """The messages every reader of `language` gets. Raises `LimitExceeded`; `MissingValue` for a personal offer."""
    tokens = clicks.tokens(session, offer_id=offer.id, language=language)
    return draw(session, club, offer.content, language, public_url=public_url, now=now, values={}, tokens=tokens)


def bodies(
    session: Session, club: Club, offer: Offer, readers: Mapping[int, str], *, public_url: str, now: datetime
) -> dict[int, list[Json] | None]:
    """The messages of each person (id → language) of a personal offer; none for whom a value is missing."""
    known = values(session, club, list(readers), now=now) if personal(offer.content) else {}
    tokens = {
        language: clicks.tokens(session, offer_id=offer.id, language=language) for language in {*readers.values()}
    }
    found: dict[int, list[Json] | None] = {}
    for person_id, language in readers.items():
        said: Values = known.get(person_id, {})
        try:
            found[person_id] = draw(
                session,
                club,
                offer.content,
                language,
                public_url=public_url,
                now=now,
                values=said,
                tokens=tokens[language],
            )
        except MissingValue:
            found[person_id] = None
    return found


def preview(
    session: Session,
    club: Club,
    content: Mapping[str, Any],
    language: str,
    person: Person | None,
    *,
    public_url: str,
    now: datetime,
) -> list[Json]:
    """What `person` would get; with nobody chosen, variables show what they stand for. Links are as the author wrote
    them. Raises `MissingValue` where she lacks a value, `LimitExceeded`, `UnknownPrivilege`."""
    found: Values | None = None
    if person is not None:
        found = values(session, club, [person.id], now=now).get(person.id, {})
    return draw(session, club, content, language, public_url=public_url, now=now, values=found)


def draw(
    session: Session,
    club: Club,
    content: Mapping[str, Any],
    language: str,
    *,
    public_url: str,
    now: datetime,
    values: Values | None,
    tokens: Mapping[str, str] | None = None,
) -> list[Json]:
    """The messages. `values` none: variables are named; `tokens` by target: those addresses lead over `/o/<token>`."""
    turn = Turn(session, club, _reader(club, language, now), {}, now, voice(language), public_url)
    said = _named(turn.words) if values is None else _worded(club, turn.words, values)
    address = {target: f"{public_url}/o/{token}" for target, token in (tokens or {}).items()}
    makers = {"text": _text, "image": _image, "card": _card}
    messages = [makers[part["kind"]](turn, part, said, address) for part in parts_of(content)]
    if not messages:
        return []
    messages[-1] = with_quick(messages[-1], way_out(turn.words))
    if weight({"messages": messages}) > HEAVIEST:
        raise LimitExceeded(f"messages of {weight({'messages': messages})} bytes, LINE takes {HEAVIEST}")
    return messages


def way_out(t: Words) -> list[Json]:
    """Under every offer: what else there is, and no more offers from this moment (B16)."""
    return [press(t("My privileges"), ShowPrivileges()), press(t("Turn offers off"), Offers("off"))]


def _text(turn: Turn, part: Mapping[str, Any], said: Mapping[str, str | None], address: Mapping[str, str]) -> Json:
    body = texts.filled(texts.relinked(part[turn.language], address), said)
    if units(body) > TEXT:
        raise LimitExceeded(f"a text of {units(body)} units, LINE takes {TEXT}")
    return text(body)


def _image(turn: Turn, part: Mapping[str, Any], said: Mapping[str, str | None], address: Mapping[str, str]) -> Json:
    """A picture as a card of its own, because only there it can have a link and words for those who do not see it."""
    alt = part.get(f"alt_{turn.language}") or ""
    shape: Json = {
        "type": "image",
        "url": f"{turn.public_url}/media/pictures/{quote(part['file'])}",
        "size": "full",
        "aspectRatio": part.get("ratio") or "20:13",
        "aspectMode": "cover" if part.get("ratio") else "fit",
    }
    if part.get("link"):
        shape["action"] = open_page(alt or turn.words("Open"), address.get(part["link"], part["link"]))
    return card(alt, {"type": "bubble", "size": "giga", "hero": shape})


def _card(turn: Turn, part: Mapping[str, Any], said: Mapping[str, str | None], address: Mapping[str, str]) -> Json:
    """The privilege as the catalogue shows it, with nothing that is true of one account or of this moment only."""
    t, privilege = turn.words, turn.session.get(Privilege, part["privilege_id"])
    if privilege is None or privilege.club != turn.club.key:
        raise UnknownPrivilege()
    intro = texts.filled(part.get(turn.language) or "", said)
    name, partner = cards.name_of(turn, privilege), cards.partner_name(turn, privilege.partner)
    details = press(t("Details"), ShowPrivilege(privilege.id), name)
    shown = [
        *([words(intro)] if intro else []),
        title(name),
        words(partner, colour=MUTED),
        words(cards.about(turn, privilege)),
        *cards.windows(turn, Shown(privilege, None, ())),
    ]
    claim = press(t("Claim"), StartClaim(privilege.id), t("Claim: {privilege}", privilege=name))
    buttons = [button(claim), button(details, kind="link")]
    alt = f"{intro} {name} – {partner}".strip()
    return card(alt, bubble(shown, picture=hero(cards.picture(turn, privilege), details), buttons=buttons))


def _worded(club: Club, t: Words, found: Values) -> dict[str, str | None]:
    """Values as they are said in this language, none longer than was counted with."""
    tier = found.get("tier")
    said: dict[str, str | None] = {
        "name": _plain(found.get("name")),
        "account": _plain(found.get("account")),
        "tier": club.say(club.tier(str(tier)).name, t.language) if tier and club.has_tier(str(tier)) else None,
        "stars": _number(t, found.get("stars")),
        "missing": _number(t, found.get("missing")),
    }
    return {name: value and fit(value, texts.WIDEST[name], units) for name, value in said.items()}


def _named(t: Words) -> dict[str, str | None]:
    """What variables show where nobody in particular is written to."""
    return {
        "name": t("‹name›"),
        "account": t("‹account›"),
        "tier": t("‹tier›"),
        "stars": t("‹stars›"),
        "missing": t("‹stars missing›"),
    }


def _plain(value: str | int | None) -> str | None:
    """A name on one line: it was chosen by its owner."""
    return None if value is None else " ".join(str(value).split()) or None


def _number(t: Words, value: str | int | None) -> str | None:
    return t.number(value) if isinstance(value, int) else None


def _reader(club: Club, language: str, now: datetime) -> Person:
    """Somebody who is in no database: what is drawn is for many."""
    return Person(id=0, club=club.key, line_user_id="", friend=True, language=language, created_at=now)
