"""LINE for PC: no rich menu, no pressing. From joining to using, only with the words that the cards themselves say."""

from __future__ import annotations

import re

import pytest

from tests.conversations.chat import Said, World
from tests.conversations.test_claiming import privilege
from tests.conversations.test_joining import shop

PHRASE = re.compile(r"“([^”]+)”")
STORY = {
    "th": ("เข้าร่วม", "ตกลง", "สิทธิพิเศษของฉัน", "รับสิทธิ์", "รับสิทธิ์", "ใช้สิทธิ์ภายหลัง", "รับและใช้สิทธิ์", "ใช้สิทธิ์", "ยืนยันใช้สิทธิ์",
           "บัญชีทางการ", "ที่มาของดาว", "ออกจากคลับ", "ออกจากคลับ", "ยืนยันออกจากคลับ"),
    "en": ("join", "agree", "my privileges", "claim", "claim", "use later", "claim and use", "use", "confirm use",
           "official accounts", "why", "leave the club", "leave", "confirm leave"),
}  # fmt: skip
ROOTS = {
    "th": ("เข้าร่วม", "สิทธิพิเศษของฉัน", "รับและใช้สิทธิ์", "บัญชีทางการ", "ออกจากคลับ"),
    "en": ("join", "my privileges", "claim and use", "official accounts", "leave the club"),
}
"""What is known without a card: the names of the rooms. Everything else the cards tell."""
END = {"th": "ออกจากคลับแล้ว", "en": "has left the club"}


def told(said: Said, start: str, language: str) -> str:
    """What the card says to type that begins so and ends in a number."""
    lines = [line for line in said.text.splitlines() if line.startswith("หรือพิมพ์" if language == "th" else "Or type")]
    phrases = [phrase for line in lines for phrase in PHRASE.findall(line)]
    return next(phrase for phrase in phrases if re.fullmatch(re.escape(start) + r" \d.*", phrase))


@pytest.mark.parametrize("language", ["th", "en"])
def test_lfc_13_the_whole_way_can_be_typed(world: World, language: str) -> None:
    """LFC-13, LFC-15, LFC-16: each phrase comes from the card before it; none is misunderstood."""
    pat = world.phone("Pat", language=language)
    shop(world, pat, name="Shop")
    privilege(world, name_th="กาแฟ", name_en="Coffee")
    said = pat.follows()
    before = ""
    for start in STORY[language]:
        room = start in ROOTS[language] and start != before
        typed = start if room else told(said, start, language)
        before = start
        said = pat.says(typed)
        assert "ยังไม่เข้าใจ" not in said, typed
        assert "did not understand" not in said, typed
    assert END[language] in said


def test_who_taps_is_not_told_what_to_type(world: World) -> None:
    """The line is for those who type; on a phone it would be in the way."""
    may = world.phone("เมย์")
    shop(world, may)
    may.follows()
    assert "หรือพิมพ์" in may.says("เข้าร่วม")
    may.taps("ตกลง")
    privilege(world)
    assert "หรือพิมพ์" not in may.taps("สิทธิพิเศษของฉัน")
