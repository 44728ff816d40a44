"""What changed in an offer since somebody approved it, side by side (E10)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clubs import Club
from models import Offer
from web.console.offer_audience_form import Named, sentence
from web.console.offer_words import language_name, part_title
from wording import Words

SNAPSHOT = "offer_shown"
"""The journal's action that keeps what an approver was shown: texts and settings, no person's data."""


def snapshot(offer: Offer) -> dict[str, Any]:
    """What an approver is asked to look at, as it is now."""
    return {
        "name": offer.name,
        "content": offer.content,
        "audience": offer.audience,
        "holdout_percent": offer.holdout_percent,
        "start_at": offer.start_at and offer.start_at.isoformat(),
        "not_after": offer.not_after and offer.not_after.isoformat(),
        "hold_back_minutes": offer.hold_back_minutes,
        "pace": offer.pace,
    }


def changes(
    t: Words, club: Club, was: Mapping[str, Any] | None, offer: Offer, privilege: Named, list_: Named
) -> list[dict[str, str]] | None:
    """What differs, each with its value before and now; None where there is nothing to compare with."""
    if was is None:
        return None
    before = _lines(t, club, was, privilege, list_)
    now = _lines(t, club, snapshot(offer), privilege, list_)
    keys = list(dict.fromkeys([*now, *before]))
    return [
        {"what": key, "was": before.get(key, "—"), "now": now.get(key, "—")}
        for key in keys
        if before.get(key) != now.get(key)
    ]


def _lines(t: Words, club: Club, seen: Mapping[str, Any], privilege: Named, list_: Named) -> dict[str, str]:
    """Everything an approver sees, by what it is called, in words."""
    lines = {t("Name, for colleagues only"): str(seen["name"])}
    for n, part in enumerate(seen["content"].get("parts", ())):
        lines[part_title(t, part.get("kind", ""), n)] = _part(part, privilege)
    languages = seen["content"].get("languages", ())
    lines[t("Written in")] = ", ".join(language_name(t, language) for language in languages)
    lines[t("Audience")] = sentence(seen["audience"], t, club, privilege, list_)
    lines[t("Hold-out")] = f"{seen['holdout_percent']} %"
    lines[t("Not before")] = _moment(t, seen["start_at"])
    lines[t("Do not start after")] = _moment(t, seen["not_after"])
    lines[t("Time to think again after approval")] = t.count("{n} minute", "{n} minutes", seen["hold_back_minutes"])
    lines[t("Pace: at most")] = t("{n} recipients a second", n=t.number(seen["pace"]))
    return lines


def _part(part: Mapping[str, Any], privilege: Named) -> str:
    said = [str(part[field]) for field in ("th", "en", "file", "alt_th", "alt_en", "link") if part.get(field)]
    if part.get("privilege_id") is not None:
        said.insert(0, privilege(part["privilege_id"]) or "?")
    return "\n".join(said)


def _moment(t: Words, iso: str | None) -> str:
    return t.moment(datetime.fromisoformat(iso)) if iso else "—"
