"""COUNT: UTF-16 units, grapheme clusters, bytes as sent; sizes of pictures."""

from __future__ import annotations

import pytest

from simulator.counting import graphemes, sent_bytes, utf16
from simulator.images import image_size
from tests.simulator.conftest import picture


@pytest.mark.parametrize(
    ("sample", "units", "clusters"),
    [
        ("abc", 3, 3),
        ("🍎", 2, 1),
        ("ผู้", 3, 1),
        ("น้ำ", 3, 1),
        ("👨‍👩‍👧", 8, 1),
        ("e\u0301", 2, 1),
        ("\r\n", 2, 1),
        ("", 0, 0),
    ],
)
def test_a_text_is_counted_as_line_counts_it(sample: str, units: int, clusters: int) -> None:
    """COUNT: the apple is two units; a Thai letter with its marks is one cluster"""
    assert (utf16(sample), graphemes(sample)) == (units, clusters)


def test_json_is_weighed_as_the_sdk_sends_it() -> None:
    """Six bytes for a Thai letter: the stricter reading"""
    assert sent_bytes({"a": "ก"}) == len('{"a":"\\u0e01"}')


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_pictures_size_is_read_from_its_head(kind: str) -> None:
    """REF upload rich menu image"""
    assert image_size(picture(1200, 405, kind)) == (f"image/{kind.lower()}", 1200, 405)
    assert image_size(b"GIF89a") is None
    assert image_size(picture(800, 540, kind)[:8]) is None
