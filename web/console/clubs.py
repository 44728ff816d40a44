"""The club's file as it is read: every value with its key, examples marked as such, tiers in their colours, the terms."""

from __future__ import annotations

from typing import NamedTuple

from flask import Response
from flask_admin import expose

from clubs import Club
from clubs.club import Labels
from web.console import cells
from web.console.access import READERS, allow
from web.console.desk import Console
from web.console.page import Page
from wording import OWN_NAMES, Words


class Value(NamedTuple):
    """One value of the file."""

    key: str
    """As the file writes it, e.g. `stars.baht_per_star`."""
    label: str
    value: str
    example: bool


class Step(NamedTuple):
    """One tier: its key, its name in every language, from how many stars, its colour as the file says it."""

    key: str
    name: str
    threshold: str
    colour: str


def views(console: Console) -> list[Page]:
    """One page."""
    return [ClubFile(console)]


class ClubFile(Page):
    """Read-only: the file is changed where it lies, and read again at the next start."""

    endpoint_name = "club"
    section = "club"
    position = 10

    def title(self, t: Words) -> str:
        """The club's file."""
        return t("Club file")

    @expose("/")
    @allow(*READERS)
    def index(self) -> Response:
        """The whole file in her language."""
        club, t = self.club, self.t
        return self.show(
            "console/club.html",
            values=values(club, t),
            steps=[Step(tier.key, _each(tier.name), t.number(tier.threshold), tier.colour) for tier in club.tiers],
            tiers_are_examples=is_example(club, "tiers"),
            terms=[(language, OWN_NAMES[language], text.strip()) for language, text in club.terms.text.items()],
            terms_are_examples=is_example(club, "terms"),
        )


def is_example(club: Club, key: str) -> bool:
    """Whether the file says that no source states this value: it is named, or what it belongs to is."""
    return any(key == named or key.startswith(f"{named}.") for named in club.examples)


def values(club: Club, t: Words) -> list[Value]:
    """What the file says besides tiers and terms, in the file's order."""
    stars, new = club.stars, club.new_member
    said = [
        ("key", t("Key"), club.key),
        ("languages", t("Languages"), ", ".join(OWN_NAMES[language] for language in club.languages)),
        ("member", t("A member is"), t("an official account") if club.member == "account" else t("a person")),
        ("claiming_roles", t("Who may claim"), ", ".join(cells.role_name(role, t) for role in club.claiming_roles)),
        ("barred_badges", t("Who may not join"), ", ".join(str(cells.badge_name(b, t)) for b in club.barred_badges)),
        ("name", t("Name"), _each(club.name)),
        ("contact", t("Contact"), _each(club.contact)),
        ("colour", t("Colour"), club.colour),
        ("stars.name", t("What is collected"), _each(stars.name)),
        (
            "stars.services",
            t("Services that count"),
            ", ".join(cells.service_name(club, key, t) for key in stars.services),
        ),
        ("stars.baht_per_star", t("Baht for one"), str(stars.baht_per_star)),
        ("round.cycle", t("Tiers are adjusted"), t("every month") if club.round.cycle == "month" else club.round.cycle),
        ("round.day", t("On day"), str(club.round.day)),
        ("round.window", t("Months that count together"), str(club.round.window)),
        ("new_member.days", t("Days as a new member"), str(new.days)),
        (
            "new_member.again_after_days",
            t("New again after so many days away"),
            t("never") if new.again_after_days is None else str(new.again_after_days),
        ),
        ("notices.tier_change", t("A change of tier is told"), _told_how(club, t)),
        ("notices.reminder_days", t("Days before its end a claim is reminded of"), str(club.notices.reminder_days)),
    ]
    return [Value(key, name, value, is_example(club, key)) for key, name, value in said]


def _told_how(club: Club, t: Words) -> str:
    pushed = club.notices.tier_change == "push"
    return t("by a message of its own") if pushed else t("with the next reply, which costs nothing")


def _each(labels: Labels) -> str:
    return " · ".join(dict.fromkeys(labels.values()))
