"""How records are worded in lists and on their pages: tiers, states, roles, services, links to other records."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import current_app, request, url_for
from markupsafe import Markup
from sqlalchemy.orm import Session

from clubs import Club
from models import Member
from web.console.access import roles_of
from web.console.page import present_roles
from web.console.records import Filter
from wording import Words


def tier_name(club: Club, key: str | None, t: Words) -> str | None:
    """A tier in her language; a key the club's file no longer names, as it is; none: not in the club."""
    return club.say(club.tier(key).name, t.language) if key is not None and club.has_tier(key) else key


def service_name(club: Club, key: str, t: Words) -> str:
    """A service in her language; one the file does not name, by its key."""
    known = club.stars.service_names.get(key)
    return club.say(known, t.language) if known else key


def badge_name(badge: str | None, t: Words) -> str | None:
    """The shield of an account."""
    names = {"grey": t("Grey (unverified)"), "blue": t("Blue (verified)"), "green": t("Green (premium)")}
    return names.get(badge or "", badge)


def role_name(role: str, t: Words) -> str:
    """What an admin of an account is there."""
    names = {
        "administrator": t("Administrator of the account"),
        "operator": t("Operator"),
        "operator_no_broadcast": t("Operator, no broadcasts"),
        "operator_no_analytics": t("Operator, no figures"),
    }
    return names.get(role, role)


def language_name(language: str | None, t: Words) -> str:
    """A person's language; none chosen: the club's first."""
    names = {"th": t("Thai"), "en": t("English"), "ru": t("Russian")}
    return names.get(language or "", t("Not chosen"))


def claim_state(state: str, t: Words) -> str:
    """A claim's state as `benefits.claims.state_of` names it."""
    names = {
        "kept": t("Kept"),
        "in_use": t("In use"),
        "used": t("Used"),
        "expired": t("Expired"),
        "void": t("Void"),
    }
    return names[state]


def why_void(reason: str | None, t: Words) -> str | None:
    """Why a claim or a stay ended: one of the rules' words, or what staff wrote."""
    names = {
        "asked": t("The account left the club"),
        "deleted": t("The account was deleted"),
        "premium": t("The account became premium"),
        "removed": t("The account was taken out of the club"),
    }
    return names.get(reason or "", reason)


def baht(satang: int, t: Words) -> str:
    """Money with its unit."""
    return t("{baht} baht", baht=t.baht(satang))


def moment(when: datetime | None, t: Words) -> str | None:
    """Bangkok time; none stays none."""
    return None if when is None else t.moment(when)


def day(when: datetime | date | None, t: Words) -> str | None:
    """A Bangkok day; none stays none."""
    return None if when is None else t.day(when)


def link(endpoint: str, label: object, **values: Any) -> object:
    """A link to another record, or its bare label where there is no record, or no page that she may open."""
    view = current_app.view_functions.get(endpoint)
    may = view is not None and bool((roles_of(view) or frozenset()) & present_roles())
    if not may or any(value is None for value in values.values()):
        return label
    return Markup('<a href="{}">{}</a>').format(url_for(endpoint, **values), label)


def one_account(session: Session, club: Club, column: Any, t: Words) -> list[Filter]:
    """The account that `?account=` names, as a filter on `column`, where a record's page leads to the list; else none."""
    typed = request.args.get("account", "")
    found = session.get(Member, int(typed)) if typed.isascii() and typed.isdecimal() and len(typed) < 18 else None
    if found is None or found.club != club.key:
        return []
    return [
        Filter("account", t("Account"), [(str(found.id), f"{found.name} ({found.external_id})", column == found.id)])
    ]


def label(thing: Any, field: str, t: Words) -> str:
    """`name_th` or `name_en` (and so on) of a privilege or partner; Thai where a language has none."""
    return str(getattr(thing, f"{field}_{t.language}", "") or getattr(thing, f"{field}_th"))
