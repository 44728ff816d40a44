"""Club files: the shipped one loads, and every wrong one is refused with the file, the key and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from clubs import ClubFileError, club_files, load_club, load_clubs
from clubs.catalogue import SHIPPED

SHIPPED_FILE = SHIPPED / "family_club.toml"
TEXT = SHIPPED_FILE.read_text()
TIERS = TEXT[TEXT.index("[[tiers]]") : TEXT.index("[terms]")]


def test_the_shipped_file_loads() -> None:
    """Every shipped club loads, and says what the published page says of it (LFC-3, LFC-8)."""
    clubs = load_clubs()
    assert set(clubs) == {file.stem for file in SHIPPED.glob("*.toml")}
    club = clubs["family_club"]
    assert [tier.key for tier in club.tiers] == ["welcome", "silver", "gold", "platinum"]
    assert club.entry_tier.key == "welcome"
    assert club.round.day == 2
    assert club.stars.satang_per_star == 100
    assert [club.tier_for(stars).key for stars in (0, 4999, 5000, 199_999, 200_000)] == [
        "welcome",
        "welcome",
        "silver",
        "gold",
        "platinum",
    ]
    assert club.next_tier("gold") == club.tier("platinum")
    assert club.next_tier("platinum") is None


MUTATIONS = [
    ('key = "family_club"\n', "", "key", 'key = "family_club"'),
    ('key = "family_club"', 'key = "other_club"', "key", "must equal the file's name"),
    ('key = "family_club"', "key = 7", "key", "write for example"),
    ('languages = ["th", "en"]\n', "", "languages", 'add for example languages = ["th", "en"]'),
    ('languages = ["th", "en"]', 'languages = ["th", "tlh"]', "languages", "use some of th, en, ru"),
    ('languages = ["th", "en"]', "languages = []", "languages", "name at least one"),
    ('languages = ["th", "en"]', 'languages = ["th", "th"]', "languages", "remove one"),
    ('languages = ["th", "en"]', 'languages = ["th", "en", "ru"]', "name.ru", "is missing"),
    ('languages = ["th", "en"]', 'languages = [["th"]]', "languages", "use some of"),
    ('member = "account"', 'member = "shop"', "member", "use one of account, person"),
    ('claiming_roles = ["administrator"]', 'claiming_roles = ["boss"]', "claiming_roles", "use some of administrator"),
    ('claiming_roles = ["administrator"]', "claiming_roles = []", "claiming_roles", "name at least one"),
    ('barred_badges = ["green"]', 'barred_badges = "green"', "barred_badges", 'barred_badges = ["green"]'),
    ('th = "แฟมิลี่คลับ"', 'th = " "', "name.th", "write what people shall read"),
    ('en = "Family Club"', 'english = "Family Club"', "name.en", "is missing"),
    ("[contact]", "[contacts]", "contact", "is missing"),
    ('unit = "stars"', 'unit = "coins"', "stars.unit", "use one of stars, points"),
    ('baht_per_star = "1"', 'baht_per_star = "0"', "stars.baht_per_star", 'use "0.01" to'),
    ('baht_per_star = "1"', 'baht_per_star = "-1"', "stars.baht_per_star", 'use "0.01" to'),
    ('baht_per_star = "1"', 'baht_per_star = "0.015"', "stars.baht_per_star", "whole satang"),
    ('baht_per_star = "1"', 'baht_per_star = "1e999999"', "stars.baht_per_star", "whole satang"),
    ('baht_per_star = "1"', 'baht_per_star = "NaN"', "stars.baht_per_star", "whole satang"),
    ('baht_per_star = "1"', 'baht_per_star = "one"', "stars.baht_per_star", "an amount in quotes"),
    ('baht_per_star = "1"', "baht_per_star = 0.1", "stars.baht_per_star", 'baht_per_star = "1"'),
    ('"premium_id", ', '"premium_id", "premium_plus", ', "stars.service_names.premium_plus", "add its name"),
    (
        'premium_id = { th = "พรีเมียมไอดี", en',
        'premium_id = { th = "พรีเมียมไอดี", fr',
        "stars.service_names.premium_id.en",
        "missing",
    ),
    ('services = ["official_account"', 'services = [1, "official_account"', "stars.services", "use quoted words"),
    ("day = 2", "day = 29", "round.day", "from 1 to 28"),
    ("day = 2", "day = true", "round.day", "round.day: is True; write for example day"),
    ("day = 2", 'day = "2"', "round.day", "write for example day = 1"),
    ("window = 12", "window = 0", "round.window", "from 1 to 120"),
    ('cycle = "month"', 'cycle = "week"', "round.cycle", "use one of month"),
    ("window = 12", "window = 12\nhour = 9", "round.hour", "remove it, or mend its spelling"),
    ("days = 30", "days = -1", "new_member.days", "from 0 to 3650"),
    ("again_after_days = 180", "again_after_days = 0", "new_member.again_after_days", "from 1"),
    ('tier_change = "reply"', 'tier_change = "letter"', "notices.tier_change", "use one of reply, push"),
    ("reminder_days = 3", "reminder_days = 3.5", "notices.reminder_days", "write for example"),
    ("threshold = 5000\n", "threshold = 0\n", "tiers[2].threshold", "higher than that of the tier before"),
    ("threshold = 200000", "threshold = 20000", "tiers[4].threshold", "higher than that of the tier before"),
    ("threshold = 0\n", "threshold = 1\n", "tiers", "begin with the entry tier"),
    ("threshold = 50000\n", "threshold = 50_000.0\n", "tiers[3].threshold", "write for example"),
    ('key = "gold"', 'key = "silver"', "tiers[3].key", "give it another"),
    ('key = "gold"', 'key = "Gold tier"', "tiers[3].key", "small letters"),
    ('colour = "#C9A227"', 'colour = "gold"', "tiers[3].colour", "#rrggbb"),
    ('colour = "#C9A227"', 'color = "#C9A227"', "tiers[3].colour", "is missing"),
    (TIERS, "", "tiers", "is missing"),
    ('examples = ["stars', 'tiers = ["key", 3]\nexamples = ["stars', None, "not TOML"),
    ('version = "2026-01"', 'version = "first version"', "terms.version", "up to 20 letters"),
    ('version = "2026-01"', 'version = ""', "terms.version", "up to 20 letters"),
    (TEXT[TEXT.rindex('en = """') :], 'en = ""\n', "terms.en", "holds 1 to 2000"),
    ("The Thai text prevails.", "The Thai text prevails." * 90, "terms.en", "holds 1 to 2000"),
    ('examples = ["stars.baht_per_star"', 'examples = ["stars.rate"', "examples", "'stars.rate'"),
    ('examples = ["stars.baht_per_star"', 'examples = ["tiers.1"', "examples", "mend or remove it"),
    ("[notices]", 'colour = "red"\n[notices]', "new_member.colour", "mend its spelling"),
    ('key = "family_club"', 'key = "family_club"\nkey = "family_club"', None, "mend that place"),
    ('key = "family_club"', "key = family_club", None, "mend that place"),
]


@pytest.mark.parametrize(("old", "new", "key", "remedy"), MUTATIONS)
def test_a_wrong_file_is_refused_by_file_key_and_remedy(
    tmp_path: Path, old: str, new: str, key: str | None, remedy: str
) -> None:
    """One thing wrong: the sentence an operator reads names the file and the key, and says what to write."""
    assert old in TEXT
    file = tmp_path / "family_club.toml"
    file.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(ClubFileError) as refused:
        load_club(file)
    said = str(refused.value)
    assert said.startswith(f"family_club.toml: {key}: " if key else "family_club.toml: "), said
    assert remedy in said


def test_tiers_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    """`tiers` as a plain list: words or numbers where tables belong."""
    for wrong in ('["key", "threshold"]', "[1, 2]", "[[]]", "[]"):
        file = tmp_path / "family_club.toml"
        file.write_text(f"tiers = {wrong}\n" + TEXT.replace(TIERS, ""))
        with pytest.raises(ClubFileError, match=r"family_club\.toml: tiers: "):
            load_club(file)


def test_other_bytes_than_utf_8_are_refused(tmp_path: Path) -> None:
    """A file saved in another encoding is told as that."""
    file = tmp_path / "family_club.toml"
    for encoding in ("utf-16", "cp874"):
        file.write_bytes(TEXT.replace("“", "'").replace("”", "'").encode(encoding))
        with pytest.raises(ClubFileError, match=r"family_club\.toml: this is not TOML in UTF-8"):
            load_club(file)


def test_an_editors_mark_at_the_beginning_does_no_harm(tmp_path: Path) -> None:
    """UTF-8 with a byte-order mark and Windows line ends is the same file."""
    file = tmp_path / "family_club.toml"
    file.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert load_club(file).tiers == load_club(SHIPPED_FILE).tiers


def test_what_can_t_be_read_is_told(tmp_path: Path) -> None:
    """A folder that is called like a club file, a link to nothing."""
    (tmp_path / "tea_club.toml").mkdir()
    (tmp_path / "gone_club.toml").symlink_to(tmp_path / "nowhere.toml")
    for name in ("tea_club", "gone_club"):
        with pytest.raises(ClubFileError, match=f"{name}.toml: can't be read"):
            load_clubs([name], tmp_path)


def test_a_folder_or_club_that_is_not_there(tmp_path: Path) -> None:
    """SITTHI_CLUBS_DIR must exist; a club asked for must have a file, and those there are told."""
    with pytest.raises(ClubFileError, match="SITTHI_CLUBS_DIR names a folder that does not exist"):
        club_files(tmp_path / "nowhere")
    with pytest.raises(ClubFileError, match=r"nobody\.toml; there are: .*family_club"):
        load_clubs(["nobody"])


def test_an_operators_file_wins_over_a_shipped_one(tmp_path: Path) -> None:
    """The same name in SITTHI_CLUBS_DIR: that file is the club."""
    (tmp_path / "family_club.toml").write_text(TEXT.replace("threshold = 5000\n", "threshold = 7000\n"))
    assert load_clubs(folder=tmp_path)["family_club"].tier("silver").threshold == 7000
    assert load_clubs()["family_club"].tier("silver").threshold == 5000
