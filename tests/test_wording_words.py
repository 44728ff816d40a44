"""How numbers, money, days and months are said in each language; Thai years are Buddhist."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from wording import LANGUAGES, words

NEW_YEAR = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)
"""1 January 2027, 00:00 in Bangkok."""
MOMENT = timedelta(microseconds=1)


def test_thai_days_have_the_buddhist_year() -> None:
    """2026 is 2569; leap days are those of the common calendar."""
    t = words("th")
    assert t.day(date(2026, 12, 2)) == "2 ธ.ค. 2569"
    assert t.day(date(2028, 2, 29)) == "29 ก.พ. 2571"
    assert words("en").day(date(2026, 12, 2)) == "2 Dec 2026"
    assert words("ru").day(date(2026, 12, 2)) == "2 дек. 2026"


def test_the_day_is_bangkoks_whatever_the_zone_of_the_time() -> None:
    """17:00 UTC begins the next day; the same instant in another zone is the same day."""
    t = words("th")
    assert t.day(NEW_YEAR) == "1 ม.ค. 2570"
    assert t.day(NEW_YEAR - MOMENT) == "31 ธ.ค. 2569"
    assert t.day(NEW_YEAR.astimezone(timezone(timedelta(hours=-8)))) == "1 ม.ค. 2570"


def test_until_is_the_last_whole_day_before_the_end() -> None:
    """An end is exclusive: until 00:00 of the 1st is until the 31st."""
    assert words("en").last_day(NEW_YEAR) == "31 Dec 2026"
    assert words("en").last_day(NEW_YEAR + MOMENT) == "1 Jan 2027"


def test_months_by_their_full_names() -> None:
    """`พฤศจิกายน 2569`, `November 2026`, standing alone also in Russian."""
    names = "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม"
    months = [date(2026, number, 1) for number in range(1, 13)]
    assert [words("th").month(month) for month in months] == [f"{name} 2569" for name in names.split()]
    assert [words("en").month(month) for month in months] == [f"{month:%B} 2026" for month in months]
    assert words("ru").month(date(2026, 11, 1)) == "ноябрь 2026"


def test_the_time_of_day_is_bangkoks() -> None:
    """24 hours; in Thai with น."""
    noon = datetime(2026, 11, 12, 7, 5, tzinfo=UTC)
    assert words("th").time(noon) == "14:05 น."
    assert words("en").time(noon) == "14:05"
    assert words("th").moment(noon) == "12 พ.ย. 2569 14:05 น."
    assert words("en").time(NEW_YEAR) == "00:00"


@pytest.mark.parametrize(
    ("satang", "said"),
    [
        (0, "0.00"),
        (1, "0.01"),
        (10, "0.10"),
        (99, "0.99"),
        (100, "1.00"),
        (123456, "1,234.56"),
        (100_000_005, "1,000,000.05"),
        (-1, "−0.01"),
        (-123456, "−1,234.56"),
        (9_007_199_254_740_993_07, "9,007,199,254,740,993.07"),
    ],
)
def test_money_to_the_satang(satang: int, said: str) -> None:
    """Exact at any size: no float comes near money."""
    assert words("th").baht(satang) == words("en").baht(satang) == said


def test_numbers_have_their_separators() -> None:
    """Thousands as the language writes them."""
    assert words("th").number(1234567) == words("en").number(1234567) == "1,234,567"
    assert words("ru").number(1234567) == "1\xa0234\xa0567"


def test_one_and_many() -> None:
    """English has two forms, Thai one; a number is written as the language writes it."""
    en, th = words("en"), words("th")
    forms = ("{n} star", "{n} stars")
    assert [en.count(*forms, n) for n in (0, 1, 2, 1000)] == ["0 stars", "1 star", "2 stars", "1,000 stars"]
    said = [th.count("{n} try left.", "{n} tries left.", n) for n in (1, 2, 1000)]
    assert said == ["ลองได้อีก 1 ครั้ง", "ลองได้อีก 2 ครั้ง", "ลองได้อีก 1,000 ครั้ง"]


def test_what_people_are_called_is_never_a_placeholder() -> None:
    """A name with braces, percent signs or a gettext header's emptiness is said as it is."""
    for name in ("{name}", "{0.__class__}", "100%", "", "{", "}}"):
        assert words("en")("Taken by {name}.", name=name) == f"Taken by {name}."


def test_a_sentence_without_translation_is_said_in_english() -> None:
    """Better English than nothing."""
    assert words("th")("No such sentence, {n}.", n=3) == "No such sentence, 3."


def test_a_language_we_do_not_speak_is_an_error() -> None:
    """Callers choose among ours."""
    assert [words(language).language for language in LANGUAGES] == ["th", "en", "ru"]
    for unknown in ("ja", "", "../th", "TH"):
        with pytest.raises(KeyError):
            words(unknown)
