"""One cell at a time: amounts, months and times are taken exactly or refused with the remedy."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benefits.imports import fields
from benefits.imports.fields import BadCell
from benefits.periods import month_of


@given(st.integers(-(10**12) + 1, 10**12 - 1))
def test_lfc_6_every_satang_arrives(amount: int) -> None:
    """What is written with two decimals is read as that many satang."""
    sign, whole, cents = "-" if amount < 0 else "", *divmod(abs(amount), 100)
    assert fields.satang("net_amount", f"{sign}{whole}.{cents:02d}") == amount


@pytest.mark.parametrize(("text", "satang"), [("0", 0), ("1", 100), ("1.5", 150), ("-0.01", -1), ("0099.99", 9999)])
def test_amounts_with_fewer_decimals(text: str, satang: int) -> None:
    """One decimal is ten satang, none is whole baht."""
    assert fields.satang("net_amount", text) == satang


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("1,234.50", "separator of thousands"),
        ("99,50", "decimal comma"),
        ("1e3", "exponent"),
        ("1.5E+2", "exponent"),
        ("NaN", "is not a number"),
        ("-inf", "is not a number"),
        ("Infinity", "is not a number"),
        ("1.005", "more than two decimals"),
        ("", "is empty"),
        ("+5", "is not an amount"),
        ("๑๒๓", "is not an amount"),
        ("1_000", "is not an amount"),
        (".5", "is not an amount"),
        ("5.", "is not an amount"),
        ("0x10", "is not an amount"),
        ("฿5", "is not an amount"),
        ("(5.00)", "is not an amount"),
        ("99999999999", "larger than"),
    ],
)
def test_money_is_never_guessed(amount: str, told: str) -> None:
    """The reason names the column, what is wrong, and what to do."""
    with pytest.raises(BadCell, match=rf"^net_amount: .*{told}.*; "):
        fields.satang("net_amount", amount)


@pytest.mark.parametrize(
    ("month", "told"),
    [
        ("2569-10", "write 2026-10"),
        ("10/2026", "write the month as 2026-10"),
        ("2026-13", "is not a month"),
        ("2026-1", "is not a month"),
        ("2026-10-01", "is not a month"),
        ("", "is empty"),
        ("1026-10", "has the year 1026"),
        ("๒๐๒๖-10", "is not a month"),
    ],
)
def test_f13_months_in_another_form_or_era_are_refused(month: str, told: str) -> None:
    """F13: Buddhist years are recognised, and what to write instead is said."""
    with pytest.raises(BadCell, match=told):
        fields.month("service_month", month)


@pytest.mark.parametrize(
    ("paid", "told"),
    [
        ("2569-10-20T10:00:00+07:00", "write 2026-10-20T10:00:00"),
        ("20/10/2026", "is not a time"),
        ("2026-02-30", "does not exist"),
        ("2026-10-20T25:00", "does not exist"),
        ("2026-10-20T10:00+14:30", "a zone that does not exist"),
        ("2026-10-20T10:00:00-23:59", "a zone that does not exist"),
        ("2026-W43-1", "is not a time"),
        ("20261020", "is not a time"),
        ("2026-10-20T10", "is not a time"),
        ("yesterday", "is not a time"),
    ],
)
def test_f13_times_in_another_form_or_era_are_refused(paid: str, told: str) -> None:
    """F13: one form only, and what to write instead is said."""
    with pytest.raises(BadCell, match=told):
        fields.instant("paid_at", paid)


@pytest.mark.parametrize(
    ("paid", "utc"),
    [
        ("2026-11-01T00:30:00", "2026-10-31T17:30:00+00:00"),
        ("2026-11-01 00:30", "2026-10-31T17:30:00+00:00"),
        ("2026-11-01", "2026-10-31T17:00:00+00:00"),
        ("2026-10-31T17:30:00Z", "2026-10-31T17:30:00+00:00"),
        ("2026-10-31T13:30:00.5-04:00", "2026-10-31T17:30:00.500000+00:00"),
        ("2026-10-31T13:30:00-0400", "2026-10-31T17:30:00+00:00"),
    ],
)
def test_f6_a_time_without_a_zone_is_bangkok_time(paid: str, utc: str) -> None:
    """F6: and the month of payment is the Bangkok month."""
    when = fields.instant("paid_at", paid)
    assert when.astimezone(UTC).isoformat() == utc
    assert f"{month_of(when):%Y-%m}" == "2026-11"


def test_a_window_that_ends_on_a_day_includes_it() -> None:
    """Stored half-open: the first instant that no longer belongs."""
    end = fields.window_end("claim_to", "2026-12-31")
    assert end is not None
    assert end.astimezone(UTC).isoformat() == "2026-12-31T17:00:00+00:00"
    assert fields.window_end("claim_to", "2026-12-31T18:00:00+07:00") == fields.instant("x", "2026-12-31T11:00:00Z")
    assert fields.window_end("claim_to", "") is None


@pytest.mark.parametrize("text", ["U123", "", "u" + "0" * 32, "U" + "G" * 32, "C" + "0" * 32, "U" + "0" * 33])
def test_ids_that_line_does_not_give_are_refused(text: str) -> None:
    """A group, a shortened id, capitals: none of them is a user."""
    with pytest.raises(BadCell, match="is not a LINE user id"):
        fields.line_user("admin_user_id", text)


@given(st.text(max_size=60))
def test_no_text_at_all_makes_a_cell_stumble(text: str) -> None:
    """H3: any text is a value or a `BadCell`."""
    for read in (fields.satang, fields.month, fields.instant, fields.window_end, fields.words, fields.key):
        with suppress(BadCell):
            read("column", text)
