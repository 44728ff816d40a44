"""What the pages of one offer share: finding it, noticing that it changed meanwhile, its head, its phones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from flask import Response, request, url_for
from sqlalchemy import select

from benefits.offers.content import spoken
from benefits.offers.drafting import EDITABLE
from benefits.offers.texts import MissingValue
from benefits.people import names_of
from benefits.refusal import Refusal
from benefits.unmasking import masked
from models import Offer, Person, Privilege, Staff
from web.console.offer_status import BEGUN, Status, status_of
from web.console.page import Page
from wording import OWN_NAMES, Words

log = structlog.get_logger("console")


class OfferPage(Page):
    """The base of every page about offers."""

    endpoint_name = "offers"
    section = "offers"
    position = 10

    def title(self, t: Words) -> str:
        """The sidebar's line."""
        return t("Offers")

    def offer(self, offer_id: int) -> Offer:
        """The offer, to be read; 404 for another club's."""
        return self.find(Offer, offer_id)

    def seen(self) -> bytes:
        """The digest of the version a form was made from (E3); of a form without one, a digest that nothing has."""
        return digest_of(request.form.get("version", ""))

    def show_offer(self, template: str, offer: Offer, here: str, status: int = 200, **facts: Any) -> Response:
        """A page of one offer with its head and steps."""
        return self.show(
            template,
            status,
            offer=offer,
            here=here,
            steps=self.steps(offer),
            standing=self.status(offer),
            version=version_of(offer),
            spoken=[(language, OWN_NAMES[language]) for language in self.club.languages],
            **facts,
        )

    def status(self, offer: Offer, *, brief: bool = False) -> Status:
        """How it stands, in a sentence."""
        return status_of(self.t, self.session, self.club, offer, self.now, brief=brief)

    def steps(self, offer: Offer) -> list[dict[str, str]]:
        """The pages of this offer that this colleague may open, in the order one works."""
        t = self.t
        writing = {
            "write": t("Write"),
            "audience": t("Audience"),
            "when": t("Time and cost"),
            "test": t("Test"),
        }
        known = {"review": t("Review"), "progress": t("Progress"), "results": t("Results")}
        keys = [*writing] if offer.state in EDITABLE and self.may("marketer") else []
        keys += ["review", *(["progress", "results"] if offer.state in BEGUN else [])]
        labels = {**writing, **known}
        return [{"key": key, "label": labels[key], "url": self.to(key, offer)} for key in keys]

    def to(self, page: str, offer: Offer, **query: Any) -> str:
        """The address of one of an offer's pages."""
        return url_for(f"offers.{page}", offer_id=offer.id, **query)

    def privileges(self) -> list[dict[str, Any]]:
        """The club's privileges that are not withdrawn, for a select."""
        rows = self.session.scalars(
            select(Privilege).where(Privilege.club == self.club.key, Privilege.withdrawn_at.is_(None))
            .order_by(Privilege.position, Privilege.id)
        )  # fmt: skip
        return [{"id": row.id, "label": f"{label(row, self.t.language)} · {row.partner.name_th}"} for row in rows]

    def phones(self, content: Mapping[str, Any], person: Person | None = None) -> dict[str, list[dict[str, Any]]]:
        """The messages of `content` by language; what cannot be drawn yet is left out."""
        return {language: self._drawn(content, language, person) for language in self.club.languages}

    def _drawn(self, content: Mapping[str, Any], language: str, person: Person | None) -> list[dict[str, Any]]:
        if language not in spoken(self.club, content):
            return []
        parts = [part for part in content.get("parts", ()) if _drawable(part, language)]
        whole = self._tried({**content, "parts": parts}, language, person)
        if whole is not None:
            return whole
        # One part spoils it: the others are shown all the same, and the fault stands at its field.
        apart = [self._tried({**content, "parts": [part]}, language, person) for part in parts]
        return [message for messages in apart for message in messages or ()]

    def _tried(self, content: dict[str, Any], language: str, person: Person | None) -> list[dict[str, Any]] | None:
        try:
            return self.console.render(self.session, self.club, content, language, person) if content["parts"] else []
        except (Refusal, MissingValue, ValueError, LookupError) as fault:
            log.info("an offer cannot be drawn yet", fault=type(fault).__name__)
            return None

    def names(self, ids: Sequence[int]) -> dict[int, str]:
        """Names of persons as everybody may see them: masked."""
        return {number: masked(name) for number, name in names_of(self.session, ids).items()}

    def meanwhile(self, offer: Offer) -> str:
        """Said when somebody else saved first; what was typed stays in the form, which now names their version (E3)."""
        return self.t("{name} changed this offer meanwhile. What you typed is kept here: saving again puts it in the place"
                      " of theirs.", name=self.colleague(offer.author_id))  # fmt: skip

    def colleague(self, staff_id: int | None) -> str:
        """A colleague's name."""
        found = self.session.get(Staff, staff_id) if staff_id is not None else None
        return found.name if found is not None else "?"


def _drawable(part: Mapping[str, Any], language: str) -> bool:
    match part.get("kind"):
        case "text":
            return bool(str(part.get(language) or "").strip())
        case "image":
            return bool(part.get("file"))
    return part.get("privilege_id") is not None


def version_of(offer: Offer) -> str:
    """What a form carries to say which version it was made from."""
    return offer.digest.hex()


def digest_of(version: str) -> bytes:
    """The digest in a form's version; nothing for one that is none."""
    try:
        return bytes.fromhex(version)
    except ValueError:
        return b""


def label(privilege: Privilege, language: str) -> str:
    """A privilege's name in a language."""
    return str(getattr(privilege, f"name_{language}", "") or privilege.name_th)
