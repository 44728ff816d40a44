"""What buttons say: packed and unpacked the same; anything else, however mad, is a stale button and nothing worse."""

from __future__ import annotations

import dataclasses
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions import (
    LONGEST,
    REGISTRY,
    Action,
    Agree,
    ClaimFor,
    MyInfo,
    ShowClaims,
    ShowPrivilege,
    ShowPrivileges,
    StaleButton,
    unpack,
)

PRINTED = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=8)
CODES = sorted(REGISTRY)


def buttons() -> st.SearchStrategy[Action]:
    """Any button of ours with any values it may carry."""
    return st.one_of([st.builds(kind, **_values(kind)) for kind in REGISTRY.values()])


def _values(kind: type[Action]) -> dict[str, st.SearchStrategy[object]]:
    hints = get_type_hints(kind)
    return {
        field.name: st.integers(0, 10**18 - 1) if hints[field.name] is int else PRINTED
        for field in dataclasses.fields(kind)
    }


@given(buttons())
def test_what_is_packed_is_unpacked_the_same(button: Action) -> None:
    """Colons, percent signs, Thai and emoji in values too; never past LINE's 300 characters."""
    data = button.pack()
    assert len(data) <= LONGEST
    assert data.isascii()
    assert unpack(data) == button


@given(st.text(max_size=400))
def test_any_text_is_a_button_or_stale(data: str) -> None:
    """Nothing a phone can send raises anything but StaleButton."""
    _try(data)


@given(st.sampled_from(CODES), st.lists(st.one_of(st.text(max_size=30), st.integers().map(str)), max_size=4))
def test_a_known_code_with_any_values_is_a_button_or_stale(code: str, parts: list[str]) -> None:
    """Our own codes with too few, too many, or mad values; what is accepted packs to something that means the same."""
    _try(":".join([code, *parts]))


def _try(data: str) -> None:
    try:
        button = unpack(data)
    except StaleButton:
        return
    assert unpack(button.pack()) == button
    assert all(str(value).isprintable() for value in dataclasses.astuple(button))


@pytest.mark.parametrize(
    "data",
    [
        "",
        ":",
        "zz",
        "pr",
        "pr:",
        "pr:x",
        "pr:-1",
        "pr:1.0",
        "pr: 1",
        "pr:1:2",
        "pr:٣",
        "pr:๓",
        "pr:²",
        "pr:" + "9" * 19,
        "mi:1",
        "ca:1",
        "ag:%00",
        "ag:a%0ab",
        "ag:\ud800",
        "cu:kept:1:2",
        "PR:1",
        "pr:1" + " " * 400,
        "action=claim&id=7",
        '{"a": 1}',
    ],
)
def test_old_and_forged_buttons_are_stale(data: str) -> None:
    """Missing, surplus, negative, other digits, control characters, other bots' data."""
    with pytest.raises(StaleButton):
        unpack(data)


def test_fields_added_later_keep_old_buttons_alive() -> None:
    """A button from before a field was added means its default."""
    assert unpack("ca:7:9") == ClaimFor(7, 9, 0)
    assert unpack("pv") == ShowPrivileges(0)
    assert unpack("cu") == ShowClaims("kept", 0)
    assert unpack("mi") == MyInfo()
    assert unpack("pr:007") == ShowPrivilege(7)


def test_data_past_300_characters_is_not_sent() -> None:
    """LINE would refuse the whole message: better an error in a test of ours."""
    assert len(Agree("x" * (LONGEST - 3)).pack()) == LONGEST
    with pytest.raises(ValueError, match="301 characters"):
        Agree("x" * (LONGEST - 2)).pack()
    with pytest.raises(ValueError, match="Agree packs into"):
        Agree("ก" * 40).pack()


def test_a_code_is_never_given_twice() -> None:
    """Two kinds of button with one code would answer each other's old cards."""
    with pytest.raises(TypeError, match="share the code 'pr'"):

        @dataclasses.dataclass(frozen=True)
        class Impostor(Action, code="pr"):
            """Never made."""

    assert REGISTRY["pr"] is ShowPrivilege
    assert all(len(code) == 2 for code in CODES)
