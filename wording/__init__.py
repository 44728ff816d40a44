"""What we say, per language: gettext catalogues with the English sentence as the key, and dates, money and numbers."""

from __future__ import annotations

import gettext
import io
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

FOLDER = Path(__file__).parent
LANGUAGES = ("th", "en", "ru")
OWN_NAMES = {"th": "ภาษาไทย", "en": "English", "ru": "Русский"}
"""Each language in its own words, so that whoever needs it can read it."""
BANGKOK = ZoneInfo("Asia/Bangkok")
BUDDHIST = 543


class Words:
    """One language's voice. Calling it words a sentence: `t("Taken by {name}.", name=…)`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = _catalogue(language)

    def __call__(self, sentence: str, /, **values: object) -> str:
        """`sentence` (English, the key) in this language, its placeholders filled."""
        return self._catalogue.gettext(sentence).format(**values)

    def count(self, one: str, many: str, n: int, **values: object) -> str:
        """The singular or plural that `n` takes here; `{n}` is the number as written here."""
        return self._catalogue.ngettext(one, many, n).format(n=self.number(n), **values)

    def number(self, n: int) -> str:
        """1234567 → 1,234,567."""
        return _number(n, self.language)

    def baht(self, satang: int) -> str:
        """123456 satang → 1,234.56, two decimals always; the unit is the sentence's."""
        sign = "−" if satang < 0 else ""
        return f"{sign}{format_decimal(abs(satang) // 100, locale=self.language)}.{abs(satang) % 100:02d}"

    def day(self, when: datetime | date) -> str:
        """The Bangkok day: `2 ธ.ค. 2569`, `2 Dec 2026`."""
        day = when.astimezone(BANGKOK).date() if isinstance(when, datetime) else when
        return self._year(day, "d MMM")

    def last_day(self, end: datetime) -> str:
        """The last whole day before `end` (an exclusive end): what people mean by *until*."""
        return self.day(end - timedelta(microseconds=1))

    def month(self, month: date) -> str:
        """`พฤศจิกายน 2569`, `November 2026`."""
        return self._year(month, "LLLL")

    def time(self, when: datetime) -> str:
        """The Bangkok time of day: `14:05`, in Thai `14:05 น.`."""
        clock = str(format_time(when.astimezone(BANGKOK), "HH:mm", tzinfo=BANGKOK, locale=self.language))
        return f"{clock} น." if self.language == "th" else clock

    def moment(self, when: datetime) -> str:
        """Day and time: `12 พ.ย. 2569 14:05 น.`."""
        return f"{self.day(when)} {self.time(when)}"

    def _year(self, day: date, pattern: str) -> str:
        year = day.year + BUDDHIST if self.language == "th" else day.year
        return f"{format_date(day, pattern, locale=self.language)} {year}"


@lru_cache(4096)
def _number(n: int, language: str) -> str:
    return str(format_decimal(n, locale=language))


@cache
def words(language: str) -> Words:
    """The voice of a language. Raises `KeyError` for one we do not speak."""
    if language not in LANGUAGES:
        raise KeyError(language)
    return Words(language)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """The language's .po files as one, compiled in memory, so that no compiled file can be out of date."""
    files = sorted((FOLDER / language).glob("*.po"))
    whole = Catalog(locale=language)
    for file in files:
        with file.open("rb") as po:
            for message in read_po(po, locale=language):
                if message.id and message.string:
                    whole[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled) if files else gettext.NullTranslations()
