"""What an offer may say (E11): refused before anybody is asked, with the part and the field named."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from benefits.offers import content as rules
from benefits.offers import texts
from benefits.offers.shape import addresses, spoken
from clubs import Club
from tests.factories import NOON, member, person, privilege
from tests.rules.offers.books import HELLO, content

Json = dict[str, Any]


def found(session: Session, club: Club, said: Json, **more: Any) -> list[tuple[int | None, str, str]]:
    """(part, field, code) of every fault."""
    return [(one.part, one.field, one.code) for one in rules.faults(session, club, said, now=NOON, **more)]


def text_of(th: str, en: str = "Hello") -> Json:
    return {"kind": "text", "th": th, "en": en}


BOTH = (text_of("ก" * 5000, "a" * 5000),)
CASES: list[tuple[str, Json, list[tuple[int | None, str, str]]]] = [
    ("nothing is wrong", content(HELLO), []),
    ("5,000 units are taken", content(*BOTH), []),
    ("5,001 are not", content(text_of("ก" * 5001)), [(0, "th", "too_long")]),
    ("an emoji is two units", content(HELLO, text_of("😀" * 2500 + "a")), [(1, "th", "too_long")]),
    ("five parts are taken", content(*[HELLO] * 5), []),
    ("six are not", content(*[HELLO] * 6), [(None, "parts", "too_many_parts")]),
    ("none is not", content(), [(None, "parts", "no_parts")]),
    ("a list of something else", {"parts": "x", "languages": ["th"]}, [(None, "parts", "malformed")]),
    ("an unknown kind", content({"kind": "video"}), [(0, "kind", "unknown_kind")]),
    ("an unknown variable", content(text_of("สวัสดี {nmae}")), [(0, "th", "unknown_variable")]),
    ("a variable left open", content(text_of("สวัสดี {name")), [(0, "th", "stray_brace")]),
    ("a variable with a default", content(text_of("สวัสดี {name|คุณลูกค้า}")), []),
    ("an empty version", content(text_of("  ")), [(0, "th", "empty")]),
    ("a language not written", content(HELLO, languages=("th",)), [(None, "languages", "missing_language")]),
    ("… but the author said so", content({"kind": "text", "th": "สวัสดี"}, languages=("th",), fallback=True), []),
    ("no language", content(HELLO, languages=()), [(None, "languages", "no_language")]),
    ("a language of another club", content(HELLO, languages=("th", "en", "ru")), [(None, "languages", "unknown_language")]),
    ("a link with a name in it", content(text_of("https://a.example/?n={name}")), [(0, "th", "variable_in_link")]),
    ("a link with a password", content(text_of("https://u:p@a.example/")), [(0, "th", "bad_link")]),
    ("a picture nobody uploaded", content({"kind": "image", "file": "../x", "alt_th": "ก", "alt_en": "a"}),
     [(0, "file", "no_file")]),
    ("a picture without words", content({"kind": "image", "file": "x.png", "alt_th": "ก"}), [(0, "alt_en", "empty")]),
    ("a picture too tall", content({"kind": "image", "file": "x.png", "ratio": "1:4", "alt_th": "ก", "alt_en": "a"}),
     [(0, "ratio", "bad_ratio")]),
    ("a picture's bad link", content({"kind": "image", "file": "x.png", "alt_th": "ก", "alt_en": "a", "link": "javascript:x"}),
     [(0, "link", "bad_link")]),
    ("a card of nothing", content({"kind": "card", "privilege_id": 10**9}), [(0, "privilege_id", "unknown_privilege")]),
    ("a card of no number", content({"kind": "card", "privilege_id": "1"}), [(0, "privilege_id", "unknown_privilege")]),
]  # fmt: skip


@pytest.mark.parametrize(("said", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_e11_content_is_checked_part_by_part(
    rolled_back: Session, club: Club, said: Json, expected: list[tuple[int | None, str, str]]
) -> None:
    """E11: each fault names its part, its field and what is wrong; what is right has none."""
    assert found(rolled_back, club, said) == expected


def test_e11_more_than_two_megabytes_are_refused(rolled_back: Session, club: Club) -> None:
    """E11: LINE takes bodies of 2 MB; content that cannot fit is refused for that, not for its texts alone."""
    assert (None, "parts", "too_heavy") in found(rolled_back, club, content(text_of("a" * 2_000_000)))


def test_e11_a_privilege_that_cannot_be_claimed_is_no_card(rolled_back: Session, club: Club) -> None:
    """E11: withdrawn, ended, not shown yet, or of another club."""
    day = timedelta(days=1)
    cases = {
        "withdrawn_privilege": privilege(rolled_back, withdrawn_at=NOON),
        "ended_privilege": privilege(rolled_back, claim_to=NOON),
        "hidden_privilege": privilege(rolled_back, visible_from=NOON + day),
        "unknown_privilege": privilege(rolled_back, club="another_club"),
        "too_long": privilege(rolled_back, about_en="a" * 3001),
    }
    for code, row in cases.items():
        card = {"kind": "card", "privilege_id": row.id}
        assert found(rolled_back, club, content(card)) == [(0, "privilege_id", code)]
    assert found(rolled_back, club, content({"kind": "card", "privilege_id": privilege(rolled_back).id})) == []


def test_e11_length_is_counted_with_our_links_and_the_longest_values(rolled_back: Session, club: Club) -> None:
    """E11: a short address becomes a longer one of ours, and a name may be long: neither may push a text over the limit."""
    almost = "ก" * 4970 + " https://a.io/"
    assert found(rolled_back, club, content(text_of(almost))) == []
    assert found(rolled_back, club, content(text_of(almost)), public_url="https://benefits.club.example") == [
        (0, "th", "too_long")
    ]
    assert found(rolled_back, club, content(text_of("ก" * 4990 + "{name|-}"))) == [(0, "th", "too_long")]


def test_only_languages_that_are_read_must_be_written(rolled_back: Session, club: Club) -> None:
    """An audience of Thai readers needs no English; a version is never taken from another language unsaid."""
    thai = content({"kind": "text", "th": "สวัสดี"}, languages=("th",))
    assert found(rolled_back, club, thai, audience={"languages": ["th"]}) == []
    assert found(rolled_back, club, thai, audience={}) == [(None, "languages", "missing_language")]
    assert spoken(club, content(HELLO, languages=("en", "th"))) == ["th", "en"]


def test_values_are_of_the_account_with_most_stars(rolled_back: Session, club: Club) -> None:
    """Name, account, tier, stars and stars missing; at the top nothing is missing, without an account nothing is known."""
    may, top, guest = person(rolled_back), person(rolled_back), person(rolled_back)
    member(rolled_back, may, name="ร้านเล็ก", total_stars=10)
    member(rolled_back, may, name="ร้านใหญ่", tier="silver", total_stars=6000)
    member(rolled_back, may, name="ยังไม่เข้า", joined=False, total_stars=9999)
    member(rolled_back, top, tier="platinum", total_stars=300_000)
    known = rules.values(rolled_back, club, [may.id, top.id, guest.id], now=NOON)
    assert known[may.id] == {"name": None, "account": "ร้านใหญ่", "tier": "silver", "stars": 6000, "missing": 44_000}
    assert known[top.id]["missing"] is None
    assert set(known[guest.id].values()) == {None}


def test_e11_how_many_would_lack_a_value_is_counted(rolled_back: Session, club: Club) -> None:
    """E11: a variable without a default is counted over those who would get that language; with one it lacks nobody."""
    may, ann = person(rolled_back), person(rolled_back, language="en")
    person(rolled_back)
    person(rolled_back, friend=False)
    member(rolled_back, may, total_stars=10)
    member(rolled_back, ann, tier="platinum", total_stars=300_000)
    bare = content(text_of("{stars} {missing} {name|คุณ}", "{missing} {name}"))
    assert rules.lacking(rolled_back, club, {}, bare, now=NOON) == {"stars": 1, "missing": 2, "name": 1}
    assert rules.lacking(rolled_back, club, {}, content(text_of("{stars|0}", "Hi")), now=NOON) == {}


def test_links_are_found_as_people_write_them() -> None:
    """At the end of a sentence, before Thai letters, in brackets; once each."""
    said = "ดูที่ https://a.example/xดูเลย (http://b.example/y?z=1#w). https://a.example/x, HTTPS://C.example"
    assert texts.links(said) == ["https://a.example/x", "http://b.example/y?z=1#w", "HTTPS://C.example"]
    ours = {"https://a.example/x": "https://o/1", "HTTPS://C.example": "https://o/2"}
    assert texts.relinked(said, ours) == ("ดูที่ https://o/1ดูเลย (http://b.example/y?z=1#w). https://o/1, https://o/2")
    image = {"kind": "image", "file": "x.png", "link": "https://d.example/"}
    assert addresses(content(text_of(said), image), "th") == [*texts.links(said), "https://d.example/"]


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)", "//a.example", "https://", "https://u@a.example/", "https://a..example/", "file:///etc/passwd",
        "https://a.example:0/", "https://a.example:99999/", "https://a.example/\\x", "https://ร้าน.example/", "line://x",
        "https://a.example/" + "x" * 1000,
    ],
)  # fmt: skip
def test_b20_what_no_link_may_lead_to(link: str) -> None:
    """B20: only web addresses with a plain host are stored as targets."""
    assert texts.bad_link(link)
    assert not texts.bad_link("https://shop.example:8443/a?b=c#d")


def test_a_value_is_never_read_as_a_template() -> None:
    """A display name full of braces and links stays what it is; a missing one without default is told."""
    assert texts.filled("{name}!", {"name": "{stars} https://x.example"}) == "{stars} https://x.example!"
    assert texts.filled("{name|คุณลูกค้า}", {"name": None}) == "คุณลูกค้า"
    with pytest.raises(texts.MissingValue, match="name"):
        texts.filled("{name}", {"name": ""})
