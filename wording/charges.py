"""Why an invoice line counts or not, in the sentence the chat and the console both say."""

from __future__ import annotations

from datetime import date

from wording import Words


def why_counted(
    t: Words, why: str, *, stars: str, counted_in: date | None, would_bring: int | None, shows_on: date | None
) -> str:
    """The sentence for a line's `why` (`benefits.statement_lines`); what is none of these is not paid yet (LFC-5).

    `counted_in`: the month whose round counts it. `would_bring`, `shows_on`: the stars paying it now would bring, and
    the day from which they would show.
    """
    month = t.month(counted_in) if counted_in else ""
    said = {
        "counted": t("Counted."),
        "paid_late": t("Paid late: counted in {month}.", month=month),
        "later": t("Paid late: counted in {month}.", month=month),
        "ahead": t("Paid ahead: counted in {month}.", month=month),
        "waiting": t("Counted in {month}.", month=month),
        "service": t("This service does not count."),
        "premium": t("Premium accounts collect no {stars}.", stars=stars),
        "deleted": t("The account is deleted."),
    }
    if why in said:
        return said[why]
    if would_bring and shows_on:
        n, day = t.number(would_bring), t.day(shows_on)
        return t("Not paid yet. Paid now it brings {n} {stars}, from {day}.", n=n, stars=stars, day=day)
    return t("Not paid yet.")
