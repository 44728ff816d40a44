"""Deeds on one record: done in one transaction, said in a sentence; refused ones leave the page as it was typed."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from benefits import overrides, requests, use_corrections, uses
from benefits.members import Left, NotJoined
from benefits.reasons import ReasonMissing
from benefits.refusal import Refusal
from benefits.staff_confirmations import AwaitsConfirmation
from web.console import staff_words
from web.console.records import Records
from wording import Words

Deed = Callable[[Session], str]
"""Does something and says what happened."""


class Deeds(Records):
    """Records whose pages have forms."""

    def do(self, row_id: int, deed: Deed) -> Answer:
        """Do it and lead back to the record; refused, show the record again with what was typed (`request.form`)."""
        try:
            with self.console.sessions.begin() as session:
                told = deed(session)
        except Refusal as refusal:
            flash(refused(refusal, self.t), "bad")
            answer: Answer = self.details(row_id)
            answer.status_code = 409
            return answer
        return self.done(told, f"{self.url}/{row_id}")


def refused(refusal: Refusal, t: Words) -> str:
    """Why a deed of staff was not done, and what helps."""
    said: dict[type[Refusal], Callable[[], str]] = {
        ReasonMissing: lambda: t("Write a reason, of {n} characters at most.", n=getattr(refusal, "longest", 0)),
        overrides.UnknownTier: lambda: t("The club has no such tier. Choose one from the list."),
        overrides.EndPassed: lambda: t("That day is over. Choose today or a later day."),
        overrides.NoOverride: lambda: t("No tier set by staff is in force."),
        NotJoined: lambda: t("This account has not joined the club, so it has no tier."),
        Left: lambda: t("This account has left the club, so it has no tier."),
        uses.NotUsed: lambda: t("This claim is not used (any more). Nothing was done."),
        uses.UndoTooLate: lambda: t(
            "The time to undo this use alone is over. Ask for a correction: a colleague decides."
        ),
        uses.AlreadyUsed: lambda: t("This claim was used meanwhile. Nothing was done."),
        uses.Void: lambda: t("This claim is void already."),
        use_corrections.StillInWindow: lambda: t("This use can still be undone at once: nobody needs to be asked."),
        use_corrections.UseChanged: lambda: t("The use that was asked about is no more. Refuse this request."),
        requests.AlreadyAsked: lambda: t("A colleague has asked for this already, and it waits for a decision."),
        requests.OwnRequest: lambda: t("You asked for this yourself: another colleague has to decide."),
        requests.AlreadyDecided: lambda: t("This was decided already."),
        requests.UnknownRequest: lambda: t("There is no such request about this record."),
        AwaitsConfirmation: lambda: staff_words.waits(t, refusal),
        requests.NotHers: lambda: t("Only who asked may withdraw it."),
    }
    found = next((say for kind, say in said.items() if isinstance(refusal, kind)), None)
    return found() if found else t("That is not possible.")
