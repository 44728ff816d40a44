"""Changes of colleagues on the home page, for whom they concern and for administrators; and what waits for the reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flask import url_for
from sqlalchemy import or_, select

from benefits import signin, staff_confirmations
from benefits.staff_changes import roles_in
from benefits.staff_confirmations import AwaitsConfirmation
from models import JournalEntry, Staff, StaffConfirmation
from web.console import home, staff_words
from web.console.page import Page

SHOWN = timedelta(days=7)
"""A change that no second administrator confirmed is shown so long, though nothing waits any more: the day may have been a
Sunday."""
SHOWN_OWN = timedelta(days=3)
"""So long somebody is told of a new second factor, recovery codes or password of their own."""
FEW_CODES = 2
OWN = ("second_factor_replaced", "recovery_codes_made", "password_changed")


def waits_here(page: Page) -> str:
    """Why the reader cannot do now what needs a second person, in a sentence; empty: they can."""
    found = staff_confirmations.waiting(page.session, staff_id=page.staff.id, now=page.now, club=page.club.key)
    if not found:
        return ""
    last = found[-1]
    return staff_words.waits(page.t, AwaitsConfirmation(last.cause, last.made_at, last.until))


def points(page: Page) -> list[home.Point]:
    """The reader's own changes, then, for administrators, those of others that no second administrator confirmed."""
    found = _changes(page)
    own = [_own(page, row) for row in found if row.staff_id == page.staff.id and _concerns(page, row)]
    if not page.may("admin"):
        return [*own, *_deeds(page), *_few_codes(page)]
    others = [_others(page, row) for row in found if row.staff_id != page.staff.id and row.confirmed_by is None]
    return [*own, *_deeds(page), *_few_codes(page), *others]


def _changes(page: Page) -> Sequence[StaffConfirmation]:
    recent = or_(StaffConfirmation.made_at > page.now - SHOWN, StaffConfirmation.until > page.now)
    query = select(StaffConfirmation).where(StaffConfirmation.club == page.club.key, recent)
    return page.session.scalars(query.order_by(StaffConfirmation.id.desc())).all()


def _concerns(page: Page, row: StaffConfirmation) -> bool:
    """Somebody new is told only that something waits; of a reset, say, they are told in any case."""
    return row.cause != "added" or _waits(page, row, page.staff)


def _waits(page: Page, row: StaffConfirmation, staff: Staff) -> bool:
    """Whether a deed of this colleague waits for this change: readers have none."""
    counting = roles_in(staff, page.club.key) & staff_confirmations.COUNTING
    return row.confirmed_by is None and row.until > page.now and bool(counting)


def _own(page: Page, row: StaffConfirmation) -> home.Point:
    said = staff_words.own_change(page.t, row, maker_of(page, row), _waits(page, row, page.staff))
    return home.Point(said, url_for("me.index"))


def _others(page: Page, row: StaffConfirmation) -> home.Point:
    t, staff = page.t, page.session.get_one(Staff, row.staff_id)
    said = staff_words.change(t, row, staff.name, maker_of(page, row))
    where = url_for("team.details", row_id=row.staff_id)
    if not _waits(page, row, staff):
        return home.Point(f"{said} {t('No other administrator has confirmed it.')}", where)
    mine = staff_confirmations.may_confirm(page.session, row, by=page.staff.id, now=page.now)
    return home.Point(f"{said} {staff_words.change_waits(t, t.moment(row.until))}", where, "bad" if mine else "warn")


def maker_of(page: Page, row: StaffConfirmation) -> str:
    """Who made a change, by name; by command it was nobody's sign-in."""
    return page.t("the operator") if row.made_by is None else page.session.get_one(Staff, row.made_by).name


def _deeds(page: Page) -> list[home.Point]:
    """What was done lately under the reader's own sign-in."""
    t, said = page.t, []
    query = select(JournalEntry).where(
        JournalEntry.club == page.club.key,
        JournalEntry.subject_kind == "staff",
        JournalEntry.subject_id == page.staff.id,
        JournalEntry.action.in_(OWN),
        JournalEntry.at > page.now - SHOWN_OWN,
    )
    for entry in page.session.scalars(query.order_by(JournalEntry.id.desc())):
        if not entry.facts.get("first"):
            said.append(home.Point(_deed(page, entry, t.moment(entry.at)), url_for("me.index")))
    return said


def _few_codes(page: Page) -> list[home.Point]:
    """Who loses the phone with the last recovery code spent has nothing left to come in with."""
    t, staff = page.t, page.staff
    left = signin.recovery_codes_left(page.session, staff)
    if staff.tf_totp_secret is None or left > FEW_CODES:
        return []
    said = t.count("{n} recovery code of yours is left.", "{n} recovery codes of yours are left.", left)
    return [home.Point(f"{said} {t('Make new ones, before you need one and have none.')}", url_for("me.index"))]


def _deed(page: Page, entry: JournalEntry, moment: str) -> str:
    t = page.t
    done = {
        "second_factor_replaced": t("Your second factor was replaced on {moment}.", moment=moment),
        "recovery_codes_made": t("New recovery codes were made for you on {moment}.", moment=moment),
        "password_changed": t("Your password was changed on {moment}.", moment=moment),
    }[entry.action]
    return f"{done} {t('If that was not you, tell an administrator at once.')}"


home.POINTS.append(points)
