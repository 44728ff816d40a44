"""The menus as data: LINE's limits, tabs that lead somewhere, and the words of the published flow."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
import regex

from bot.actions import MyInfo, ShowAccounts, ShowClaims, ShowPrivileges, ShowTerms, SwitchTab, unpack
from bot.line import Line, LineError
from clubs import Club
from richmenu.choosing import default_key, is_member, menu_key
from richmenu.icons import ICONS
from richmenu.menus import WIDTH, Box, Menu, MenuTooLong, alias_of, family_of, menu_json, menus_of


def graphemes(text: str) -> int:
    """Characters as people see them."""
    return len(regex.findall(r"\X", text))


def test_every_menu_keeps_lines_limits(club: Club) -> None:
    for menu in menus_of(club):
        json = menu_json(menu, "name")
        width, height = json["size"]["width"], json["size"]["height"]
        assert 800 <= width <= 2500
        assert height >= 250
        assert width / height >= 1.45
        assert 1 <= graphemes(json["chatBarText"]) <= 14
        assert 1 <= len(json["areas"]) <= 20
        assert regex.fullmatch(r"[a-z0-9_-]{1,32}", menu.alias)
        for area in json["areas"]:
            action = area["action"]
            assert 1 <= graphemes(action["label"]) <= 20
            assert len(action["data"]) <= 300
            assert graphemes(action.get("displayText", "")) <= 300


def test_line_itself_takes_every_menu(club: Club, line: Line) -> None:
    for menu in menus_of(club):
        line.validate_menu(menu_json(menu, f"sitthi/family_club/{menu.key}@0123456789abcdef"))
    with pytest.raises(LineError):  # so that this test can fail
        line.validate_menu({**menu_json(menus_of(club)[0], "name"), "chatBarText": "x" * 15})


def _overlap(one: Box, other: Box) -> bool:
    across = one.left < other.left + other.width and other.left < one.left + one.width
    return across and one.top < other.top + other.height and other.top < one.top + one.height


def test_areas_tile_the_picture_so_that_no_tap_is_lost(club: Club) -> None:
    for menu in menus_of(club):
        boxes = [tab.box for tab in menu.tabs] + [cell.box for cell in menu.cells]
        assert sum(box.width * box.height for box in boxes) == WIDTH * menu.height
        assert not [pair for pair in combinations(boxes, 2) if _overlap(*pair)]
        assert all(box.left + box.width <= WIDTH and box.top + box.height <= menu.height for box in boxes)


def test_every_area_says_something_a_handler_can_read(club: Club) -> None:
    for menu in menus_of(club):
        for area in menu_json(menu, "")["areas"]:
            unpack(area["action"]["data"])
        assert all(cell.icon in ICONS for cell in menu.cells)


def test_a_tap_shows_in_the_chat_what_was_tapped(club: Club) -> None:
    for menu in menus_of(club):
        shown = [area["action"].get("displayText") for area in menu_json(menu, "")["areas"][len(menu.tabs) :]]
        assert shown == [cell.title for cell in menu.cells]
        assert len(set(shown)) == len(shown)


def test_tabs_lead_to_menus_of_the_same_language_and_back(club: Club) -> None:
    by_key = {menu.key: menu for menu in menus_of(club)}
    for menu in by_key.values():
        switches = [
            area["action"] for area in menu_json(menu, "")["areas"] if area["action"]["type"] == "richmenuswitch"
        ]
        assert [switch["richMenuAliasId"] for switch in switches] == [alias_of(tab.key) for tab in menu.tabs]
        assert all(family_of(tab.key) == family_of(menu.key) and tab.key in by_key for tab in menu.tabs)
        assert [tab.key for tab in menu.tabs if tab.active] == ([menu.key] if menu.tabs else [])
        assert [unpack(switch["data"]) for switch in switches] == [
            SwitchTab(tab.key.split(".")[2]) for tab in menu.tabs
        ]


def _said(menu: Menu) -> dict[str, object]:
    return {cell.title: cell.action for cell in menu.cells}


def test_the_published_flow_is_on_the_member_menu(club: Club) -> None:
    """LFC-13, LFC-15, LFC-16: the rich menu leads to my privileges, my info and the official accounts, in their words."""
    menus = {menu.key: menu for menu in menus_of(club)}
    thai, english = _said(menus["member.th.main"]), _said(menus["member.en.main"])
    assert thai["สิทธิพิเศษของฉัน"] == english["My privileges"] == ShowPrivileges()
    assert thai["ข้อมูลของฉัน"] == english["My info"] == MyInfo()
    assert thai["บัญชีทางการ"] == english["Official accounts"] == ShowAccounts()
    assert thai["รับและใช้สิทธิ์"] == english["Claim and use"] == ShowClaims("kept")
    assert _said(menus["guest.th.main"])["เข้าร่วมคลับ"] == ShowTerms()


def test_thai_menus_speak_thai(club: Club) -> None:
    """Every wording but the names of languages is translated."""
    for menu in menus_of(club):
        if menu.language == "th":
            texts = [menu.bar, *(tab.title for tab in menu.tabs), *(t for c in menu.cells for t in (c.title, c.note))]
            assert not [text for text in texts if regex.search("[A-Za-z]", text.replace("ไทย · English", ""))]


def test_a_club_of_persons_has_no_official_accounts(club: Club) -> None:
    persons = replace(club, member="person")
    assert "ระดับสมาชิก" in _said(menus_of(persons)[1])
    assert "บัญชีทางการ" not in _said(menus_of(persons)[1])


def test_a_wording_that_is_too_long_for_line_is_refused_by_name(club: Club) -> None:
    stars = replace(club.stars, name={"th": "คะแนนสะสมพิเศษสุดคุ้มประจำปี", "en": "stars"})
    with pytest.raises(MenuTooLong, match=r"menu member\.th\.more: .* LINE takes 20"):
        menus_of(replace(club, stars=stars))


@pytest.mark.parametrize(
    ("language", "member", "key"),
    [
        ("th", False, "guest.th.main"),
        ("en", False, "guest.en.main"),
        ("en", True, "member.en.main"),
        ("ru", True, "member.th.main"),
        (None, True, "member.th.main"),
        (None, False, "guest.th.main"),
    ],
)
def test_choosing_a_menu(club: Club, language: str | None, member: bool, key: str) -> None:
    assert menu_key(club, language, member=member) == key
    assert is_member(key) is member
    assert key in {menu.key for menu in menus_of(club)}


def test_the_default_menu_is_the_guests_in_the_clubs_first_language(club: Club) -> None:
    assert default_key(club) == "guest.th.main"
    assert default_key(replace(club, languages=("en", "th"))) == "guest.en.main"
