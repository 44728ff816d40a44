"""Messages as LINE takes them: every limit at and past its edge, counted as LINE counts, tried on a LINE platform."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions import MyInfo, ShowPrivilege
from bot.line import Line, LineError
from bot.messages import (
    ALT_TEXT,
    BUBBLE_BYTES,
    BUBBLES,
    CAROUSEL_BYTES,
    CLIPBOARD,
    DISPLAY_TEXT,
    FLEX_LABEL,
    LABEL,
    QUICK_REPLIES,
    TEXT,
    URI,
    LimitExceeded,
    card,
    cards,
    copy_text,
    fit,
    graphemes,
    open_page,
    press,
    text,
    units,
    weight,
    with_quick,
)
from simulator import Simulator

Json = dict[str, Any]
FAMILY = "👨‍👩‍👧‍👦"
"""One grapheme cluster, eleven UTF-16 units."""
NAM = "น้ำ"
"""Three characters that a reader counts as one or two."""


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    """A LINE platform that judges messages."""
    with Simulator(token="t" * 32) as platform:
        yield Line("t" * 32, platform.url, platform.url)


def bubble(*parts: Json, action: Json | None = None) -> Json:
    """A card with these words."""
    said = [{"type": "text", "text": "x", **({"action": action} if action else {})}, *parts]
    return {"type": "bubble", "body": {"type": "box", "layout": "vertical", "contents": said}}


def heavy(size: int) -> Json:
    """A bubble of exactly `size` bytes as it is sent, in words of at most 2,000 characters."""
    found = bubble()
    part = {"type": "text", "text": "y" * 1500}
    while weight(bubble(*found["body"]["contents"][1:], part, {"type": "text", "text": ""})) < size:
        found["body"]["contents"].append(copy.deepcopy(part))
    found["body"]["contents"].append({"type": "text", "text": ""})
    found["body"]["contents"][-1]["text"] = "z" * (size - weight(found))
    assert weight(found) == size
    return found


def refused(line: Line, message: Json) -> bool:
    """Whether LINE refuses this message."""
    try:
        line.validate_reply([message])
    except LineError as error:
        return error.status == 400
    return False


def test_units_and_graphemes_are_not_characters() -> None:
    """LINE counts texts in UTF-16 units and labels in grapheme clusters."""
    assert (len(FAMILY), units(FAMILY), graphemes(FAMILY)) == (7, 11, 1)
    assert (units("ก"), graphemes("กี่")) == (1, 1)
    assert graphemes("🇹🇭") == 1
    assert units("\ud800") == 1, "half a pair, as JSON can hold it, is counted and does not raise"


@given(st.text(alphabet="ก้ำี่aé👍🏽\u200d👧🇹🇭 \n", max_size=60), st.integers(1, 30), st.sampled_from([units, graphemes]))
def test_fit_never_exceeds_and_never_cuts_a_cluster(body: str, limit: int, count: Any) -> None:
    """What fits is left alone; what does not is a beginning of it, whole clusters, and an ellipsis."""
    fitted = fit(body, limit, count)
    assert count(fitted) <= limit
    if count(body) <= limit:
        assert fitted == body
    else:
        assert fitted.endswith("…")
        kept = fitted[:-1]
        assert body.startswith(kept)
        rest = body[len(kept) :].lstrip()
        assert graphemes(kept) + graphemes(rest) <= graphemes(body), "a cluster was cut in two"


def test_texts_of_5000_units(line: Line) -> None:
    """At 5,000 units as it is; past it with an ellipsis; LINE takes ours and would refuse the whole; empty is an error."""
    for full in ("x" * TEXT, "👍" * (TEXT // 2)):
        assert text(full)["text"] == full
        assert text(full + "x")["text"].endswith("…")
        assert not refused(line, text(full))
        assert not refused(line, text(full + "x"))
        assert refused(line, {"type": "text", "text": full + "x"})
    with pytest.raises(LimitExceeded):
        text("")


def test_alt_texts_of_1500_units(line: Line) -> None:
    """A longer one is cut; none at all is refused here, not by LINE in front of a member."""
    for body in ("x" * ALT_TEXT, FAMILY * 200, "ก" * 3000):
        built = card(body, bubble())
        assert units(built["altText"]) <= ALT_TEXT
        assert not refused(line, built)
    assert refused(line, {**card("x", bubble()), "altText": "x" * (ALT_TEXT + 1)})
    for empty in ("", " \n"):
        with pytest.raises(LimitExceeded):
            card(empty, bubble())
        with pytest.raises(LimitExceeded):
            cards(empty, [bubble(), bubble()])


def test_labels_are_counted_in_clusters(line: Line) -> None:
    """40 clusters on a card, 20 on a quick reply, 300 in what the person is shown to say; emoji families too."""
    long = FAMILY * 400
    on_card = press(long, MyInfo())
    assert graphemes(on_card["label"]) == FLEX_LABEL
    assert graphemes(on_card["displayText"]) == DISPLAY_TEXT
    assert not refused(line, card("x", bubble(action=on_card)))
    quick = text("x", [on_card])
    assert graphemes(quick["quickReply"]["items"][0]["action"]["label"]) == LABEL
    assert not refused(line, quick)
    raw = {"type": "postback", "data": "mi", "label": "x" * (LABEL + 1)}
    assert refused(line, {"type": "text", "text": "x", "quickReply": {"items": [{"type": "action", "action": raw}]}})
    assert press(NAM * 10, MyInfo(), say="x")["label"] == NAM * 10


def test_thirteen_quick_replies(line: Line) -> None:
    """13 show; a 14th is an error of ours; none adds nothing."""
    thirteen = [press(f"n{n}", ShowPrivilege(n)) for n in range(QUICK_REPLIES)]
    assert not refused(line, text("x", thirteen))
    with pytest.raises(LimitExceeded):
        text("x", [*thirteen, thirteen[0]])
    message = {"type": "text", "text": "x"}
    assert with_quick(message, []) is message


def test_links_of_1000_characters(line: Line) -> None:
    """A link cannot be cut: past the edge it is an error."""
    edge = "https://club.example/".ljust(URI, "a")
    assert not refused(line, card("x", bubble(action=open_page("go", edge))))
    assert refused(line, card("x", bubble(action={"type": "uri", "label": "go", "uri": edge + "a"})))
    with pytest.raises(LimitExceeded):
        open_page("go", edge + "a")


def test_texts_to_copy(line: Line) -> None:
    """1 to 1,000 units, or an error: half a code is no code."""
    assert not refused(line, card("x", bubble(action=copy_text("copy", "c" * CLIPBOARD))))
    for wrong in ("", "c" * (CLIPBOARD + 1), "👍" * 501):
        assert refused(line, card("x", bubble(action={"type": "clipboard", "label": "copy", "clipboardText": wrong})))
        with pytest.raises(LimitExceeded):
            copy_text("copy", wrong)


def test_a_bubble_of_30_kb(line: Line) -> None:
    """At the edge it goes, one byte more is an error; Thai counts as it is sent."""
    assert not refused(line, card("x", heavy(BUBBLE_BYTES)))
    with pytest.raises(LimitExceeded, match="30001 bytes"):
        card("x", heavy(BUBBLE_BYTES + 1))
    with pytest.raises(LimitExceeded):
        cards("x", [bubble(), heavy(BUBBLE_BYTES + 1)])
    assert weight({"text": "ก"}) == len('{"text": "\\u0e01"}')


def test_twelve_bubbles_of_50_kb_together(line: Line) -> None:
    """1 to 12 bubbles; one alone is a plain card; together at most 50 KB."""
    assert cards("x", [bubble()])["contents"]["type"] == "bubble"
    assert not refused(line, cards("x", [bubble()] * BUBBLES))
    for count in (0, BUBBLES + 1):
        with pytest.raises(LimitExceeded):
            cards("x", [bubble()] * count)
    around = weight({"type": "carousel", "contents": [heavy(20_000), heavy(20_000)]}) - 40_000
    edge = [heavy(20_000), heavy(CAROUSEL_BYTES - around - 20_000)]
    assert weight(cards("x", edge)["contents"]) == CAROUSEL_BYTES
    assert not refused(line, cards("x", edge))
    with pytest.raises(LimitExceeded, match="carousel of 50001 bytes"):
        cards("x", [heavy(20_000), heavy(CAROUSEL_BYTES - around - 19_999)])
