"""The jobs: when each last ended well, what comes next, what is overdue; and what needs attention on the home page (G12)."""

from __future__ import annotations

import shutil
from datetime import date

from flask import Response, abort, request
from flask_admin import expose
from werkzeug.wrappers import Response as Answer

from benefits import engine_room, rounds
from benefits.engine_room import JobState, Need
from benefits.periods import add_months, month_of
from web.console import home
from web.console.access import READERS, allow
from web.console.desk import Console
from web.console.page import Page
from wording import Words

SHOWN_ROUNDS = 6


def views(console: Console) -> list[Page]:
    """The jobs."""
    return [Jobs(console)]


class Jobs(Page):
    """The timetable, as the engine's tables and the rounds' runs tell it."""

    endpoint_name = "jobs"
    section = "club"
    position = 70

    def title(self, t: Words) -> str:
        """Jobs."""
        return t("Jobs")

    @expose("/")
    @allow(*READERS)
    def index(self) -> Response:
        """Each job, and the months' rounds."""
        states = engine_room.job_states(self.session, self.console.timetable)
        return self.show(
            "console/jobs.html",
            jobs=[self._job(state) for state in states],
            rounds=self._rounds(),
            next_round=self._next_round(),
            may_ring=self.may("admin", "support"),
        )

    @expose("/ring", methods=["POST"])
    @allow("admin", "support")
    def ring(self) -> Answer:
        """Ask a job to run now; asking twice adds nothing."""
        name = request.form.get("job", "")
        if name not in {job.name for job in self.console.timetable}:
            abort(404)
        with self.console.sessions.begin() as session:
            self.note(session, "job_rung", ("job", None), job=name)
        self.console.ring(name)
        return self.done(self.t("{job}: asked to run now.", job=about(name, self.t)))

    def _job(self, state: JobState) -> dict[str, object]:
        t = self.t
        last = t("never") if state.done_ago is None else t("{time} ago", time=_span(state.done_ago, t))
        upcoming = t("in {time}", time=_span(state.next_in, t)) if state.next_in else t("now")
        if state.running_for is not None:
            upcoming = t("running for {time}", time=_span(state.running_for, t))
        return {
            "name": state.job.name,
            "about": about(state.job.name, t),
            "every": _span(state.job.every, t),
            "last": last,
            "next": upcoming,
            "tone": "bad" if state.overdue else "warn" if state.failing else "good",
            "standing": t("Overdue") if state.overdue else t("Failed last time") if state.failing else t("In time"),
        }

    def _rounds(self) -> list[tuple[str, str, str | None, str]]:
        """The last months' runs: month, how it stands, when it ended, tone."""
        t, due = self.t, set(rounds.due(self.session, self.club, self.now))
        told = {
            run.period: (
                t("Done") if run.state == "done" else t("Under way"),
                t.moment(run.finished_at) if run.finished_at else None,
                "good" if run.state == "done" else "warn",
            )
            for run in rounds.listing(self.session, club=self.club)[-SHOWN_ROUNDS:]
        }
        for period in due - set(told):
            told[period] = (t("Due"), None, "bad")
        return [(t.month(period), *told[period]) for period in sorted(told, reverse=True)]

    def _next_round(self) -> str:
        """When the next month's round is due."""
        month: date = month_of(self.now)
        if rounds.adjusted_at(self.club, add_months(month, -1)) > self.now:
            month = add_months(month, -1)
        when = rounds.adjusted_at(self.club, month)
        return self.t("The round of {month} is due on {moment}.", month=self.t.month(month), moment=self.t.moment(when))


def about(name: str, t: Words) -> str:
    """What a job does, in a few words; one that is not known here, by its name."""
    said = {
        "replies": t("Replies that were left behind"),
        "rounds": t("Monthly rounds"),
        "previews": t("Dry runs of rounds"),
        "reminders": t("Reminders of claims that end soon"),
        "pushes": t("Messages that can wait no longer"),
        "menus": t("Rich menus of people"),
        "parked": t("Parked turns, tried again"),
        "offers": t("Offers: preparing and sending"),
        "uploads": t("Files handed in to be imported"),
        "tidy": t("Old events, notices and tasks removed"),
        "stalled": t("Tasks whose worker died"),
    }
    return said.get(name, name)


def attention(page: Page) -> list[home.Point]:
    """What the machine and its queues say, for the home page."""
    console = page.console
    usage = shutil.disk_usage(console.settings.data_dir if console.settings.data_dir.exists() else "/")
    found = engine_room.needs(
        page.session,
        club=page.club,
        timetable=console.timetable,
        disk=(usage.free, usage.total),
        now=page.now,
    )
    return [home.Point(_said(need, page.t), _where(need), "bad" if need.grave else "warn") for need in found]


def _said(need: Need, t: Words) -> str:
    n = t.number(need.count)
    names = ", ".join(about(name, t) for name in need.names)
    months = (
        ", ".join(t.month(date.fromisoformat(name)) for name in need.names) if need.kind == "rounds_overdue" else ""
    )
    said = {
        "jobs_down": t("No job is running: nothing is sent, and no round is computed."),
        "jobs_overdue": t("Overdue: {names}. Are the jobs running?", names=names),
        "rounds_overdue": t("The round is overdue: {months}.", months=months),
        "parked": t.count("{n} parked turn waits to be looked at.", "{n} parked turns wait to be looked at.", need.count),
        "replies_late": t.count(
            "{n} reply is late by a minute or more.", "{n} replies are late by a minute or more.", need.count
        ),
        "replies_unknown": t.count(
            "{n} reply of the last day: not known whether it arrived.",
            "{n} replies of the last day: not known whether they arrived.",
            need.count,
        ),
        "notices_unknown": t.count(
            "{n} message of the last day: not known whether it arrived.",
            "{n} messages of the last day: not known whether they arrived.",
            need.count,
        ),
        "batches_unknown": t.count(
            "{n} part of an offer: not known whether it was sent. Somebody has to decide.",
            "{n} parts of offers: not known whether they were sent. Somebody has to decide.",
            need.count,
        ),
        "undo_asked": t.count(
            "{n} use to be taken back waits for a second person.",
            "{n} uses to be taken back wait for a second person.",
            need.count,
        ),
        "disk_low": t("The disk is nearly full: {n} MB left.", n=n),
        "quota_low": t("Of LINE’s monthly messages only {n} are left.", n=n),
    }  # fmt: skip
    return said[need.kind]


def _where(need: Need) -> str:
    return {
        "rounds_overdue": "/console/rounds/",
        "parked": "/console/parked/",
        "undo_asked": "/console/claims/?asked=yes",
        "batches_unknown": "/console/offers/",
        "quota_low": "/console/budget/",
    }.get(need.kind, "/console/jobs/")


def _span(seconds: float, t: Words) -> str:
    """Seconds, minutes or hours, whichever reads best; whole ones."""
    if seconds < 60:
        return t.count("{n} second", "{n} seconds", max(round(seconds), 1))
    if seconds < 3600:
        return t.count("{n} minute", "{n} minutes", round(seconds / 60))
    return t.count("{n} hour", "{n} hours", round(seconds / 3600))


home.POINTS.append(attention)
