"""Pictures: codes that a scanner reads and only while a use runs; uploads by checked names; placeholders."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from tests.factories import NOON, partner, privilege
from tests.web.conftest import House, Use
from web.member import drawing, pictures


def picture(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(body)).convert("L")


def read(body: bytes) -> list[tuple[str, str]]:
    """What a scanner sees: (text, kind)."""
    return [(found.text, str(found.format)) for found in zxingcpp.read_barcodes(picture(body))]


def code_of(use: Use) -> bytes:
    answer = use.house.client.get(f"/media/codes/{use.token}.png")
    assert answer.status_code == 200
    assert answer.content_type == "image/png"
    assert answer.headers["Cache-Control"] == "no-store"
    return bytes(answer.data)


def test_lfc_15_the_qr_leads_to_the_partners_page(house: House) -> None:
    use = house.use("qr")
    assert read(code_of(use)) == [(f"https://club.example.com/partner/{use.token}", "QR Code")]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("2000482910017", "EAN-13"),
        ("2000482910018", "Code 128"),
        ("KAFE-7Q2M", "Code 128"),
        ("123456", "Code 128"),
        ("a b/c~D!", "Code 128"),
        ("X" * 30, "Code 128"),
    ],
)
def test_lfc_15_barcodes_read_as_the_code_they_show(house: House, code: str, kind: str) -> None:
    assert read(code_of(house.use("barcode", code=code))) == [(code, kind)]


def test_the_link_as_a_qr_for_another_device(house: House) -> None:
    use = house.use("link", code="https://pos.example.com/three")
    assert read(code_of(use)) == [("https://pos.example.com/three", "QR Code")]


@pytest.mark.parametrize(
    "body", [drawing.qr_png("x" * 150), drawing.barcode_png("2000482910017"), drawing.text_png("KAFE")]
)
def test_codes_are_large_on_white_with_a_quiet_zone(body: bytes) -> None:
    image = picture(body)
    assert min(image.size) >= 900
    assert max(image.size) >= 1000
    wide, high = image.size
    border = [
        image.crop(box)
        for box in ((0, 0, wide, 30), (0, high - 30, wide, high), (0, 0, 30, high), (wide - 30, 0, wide, high))
    ]
    assert all(part.getextrema() == (255, 255) for part in border)


@pytest.mark.parametrize("code", ["รหัสภาษาไทย", "Y" * 60, "", "\n", "é"])
def test_what_no_barcode_can_hold_is_drawn_as_text(code: str) -> None:
    assert drawing.barcode_png(code) == drawing.text_png(code)


def test_a_barcode_says_its_code_below_the_bars() -> None:
    below = (100, 660, 1100, 840)
    assert picture(drawing.barcode_png("2000482910017")).crop(below).getextrema() == (0, 255)
    one, other = (picture(drawing.barcode_png(code)).crop(below).tobytes() for code in ("AB12", "AB13"))
    assert one != other


@pytest.mark.parametrize("redeem", ["qr", "barcode", "code"])
@pytest.mark.parametrize("over", ["time", "void"])
def test_a_use_that_is_over_has_a_grey_picture_and_nothing_to_scan(house: House, redeem: str, over: str) -> None:
    use = house.use(redeem, code=None if redeem == "qr" else "2000482910017")
    if over == "time":
        house.later(minutes=15)
    else:
        use.change(state="void", void_reason="asked", voided_at=NOON)
    body = code_of(use)
    assert read(body) == []
    grey = picture(body)
    assert grey.getpixel((5, 5)) == drawing.GREY
    assert any(grey.histogram()[: drawing.GREY]), "words say why"


def test_used_and_expired_pictures_say_so(house: House) -> None:
    use = house.use("qr")
    use.press(pin="4821")
    used = code_of(use)
    kept = house.use("qr")
    house.later(minutes=15)
    over = code_of(kept)
    kept.change(use_until=NOON + timedelta(minutes=1))
    assert len({used, over, code_of(kept)}) == 3


def uploads(house: House) -> Path:
    folder = house.settings.data_dir / "uploads"
    folder.mkdir()
    (folder / "coffee.png").write_bytes(b"\x89PNG picture of coffee")
    (house.settings.data_dir / "secret.png").write_bytes(b"not yours")
    (folder / "notes.txt").write_text("not a picture")
    (folder / "link.png").symlink_to(house.settings.data_dir / "secret.png")
    (folder / ".hidden.png").write_bytes(b"not yours")
    return folder


def test_an_uploaded_picture_is_given_and_kept_long(house: House) -> None:
    uploads(house)
    answer = house.client.get("/media/pictures/coffee.png")
    assert answer.data == b"\x89PNG picture of coffee"
    assert answer.headers["Cache-Control"] == "public, max-age=2592000"
    again = house.client.get("/media/pictures/coffee.png", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "..%2fsecret.png",
        "%2e%2e/secret.png",
        "..%5csecret.png",
        "....//secret.png",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "coffee.png%00.jpg",
        "coffee.png/../../secret.png",
        "notes.txt",
        "link.png",
        ".hidden.png",
        "coffee.svg",
        "unknown.png",
        "x" * 300 + ".png",
        "กาแฟ.png",
        "",
    ],
)
def test_c17_no_name_leads_out_of_the_folder(house: House, name: str) -> None:
    uploads(house)
    answer = house.client.get(f"/media/pictures/{name}")
    assert answer.status_code in (404, 308), name
    assert b"not yours" not in answer.data
    assert b"root:" not in answer.data


def test_a_privilege_without_a_picture_has_a_placeholder_by_its_key_or_picture_name(house: House) -> None:
    with house.sessions.begin() as session:
        giver = partner(session, name_en="Dok Mai Yim Florist")
        privilege(session, partner_id=giver.id, key="flowers-for-you")
        privilege(session, partner_id=giver.id, picture="lost.jpg")
    for name in ("flowers-for-you.png", "lost.jpg"):
        answer = house.client.get(f"/media/pictures/{name}")
        assert answer.data == pictures.placeholder("Dok Mai Yim Florist")
        assert answer.content_type == "image/png"
        assert answer.headers["Cache-Control"] == "max-age=86400, public"
    assert Image.open(io.BytesIO(answer.data)).size == (1024, 666)


@pytest.mark.parametrize(
    ("name", "letter"),
    [("Mong Chao", "M"), ("โมงเช้า", "ม"), ("เค้ก", "ค"), ("“7 Days”", "7"), ("éclair", "É"), ("—", ""), ("", "")],
)
def test_initials_are_the_letter_a_name_is_known_by(name: str, letter: str) -> None:
    assert pictures.initial(name) == letter
    assert pictures.placeholder(name).startswith(b"\x89PNG")
