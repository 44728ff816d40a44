"""The vault: sealed values open only where they belong, prints say nothing without the key, keys rotate (B2, B3, B4)."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from benefits import people
from benefits.vault import CannotOpen, Vault, vault_of
from clubs import Club
from models import Person
from tests.conftest import TEST_KEYS
from tests.factories import NOON, line_user_id

OLD, NEW = "an-old-key-0123456789-abcdefghijklmnop", "a-new-key-9876543210-ponmlkjihgfedcba"
HERE = "people.display_name:12"


def test_what_was_sealed_opens_in_its_place() -> None:
    """Any text, empty ones and emoji; sealing twice never gives the same bytes."""
    vault = Vault([OLD])
    for value in ("", "เมย์", "👩‍👩‍👧", "x" * 10_000):
        sealed = vault.seal(value, HERE)
        assert vault.open(sealed, HERE) == value
        assert sealed != vault.seal(value, HERE)
        assert not value or value.encode() not in sealed


def test_b3_a_value_in_anothers_place_does_not_open() -> None:
    """B3: swapped between rows or columns, decryption fails closed and says where."""
    vault = Vault([OLD])
    sealed = vault.seal("เมย์", HERE)
    for elsewhere in ("people.display_name:13", "codes.code:12", ""):
        with pytest.raises(CannotOpen, match=f"^{elsewhere}: this value was altered or belongs elsewhere"):
            vault.open(sealed, elsewhere)


@given(place=st.integers(0, 200), flip=st.integers(1, 255))
def test_b3_one_altered_byte_anywhere_does_not_open(place: int, flip: int) -> None:
    """B3: key id, nonce, text or tag: nothing altered opens, and nothing but CannotOpen is raised."""
    vault = Vault([OLD])
    sealed = bytearray(vault.seal("LF-2026-0042", HERE))
    sealed[place % len(sealed)] ^= flip
    with pytest.raises(CannotOpen):
        vault.open(bytes(sealed), HERE)


@given(sealed=st.binary(max_size=40))
def test_b3_nonsense_does_not_open(sealed: bytes) -> None:
    """B3: bytes that were never sealed, also with a true key id in front, are CannotOpen, never another error."""
    vault = Vault([OLD])
    for wrong in (sealed, vault.seal("x", HERE)[:4] + sealed):
        with pytest.raises(CannotOpen):
            vault.open(wrong, HERE)


def test_b3_swapped_in_the_database(session: Session, club: Club) -> None:
    """B3: two people's sealed names exchanged by raw SQL: neither opens as the other's."""
    for name in ("เมย์", "บอย"):
        person = people.meet(session, club=club, line_user_id=line_user_id(), now=NOON)
        people.learn_profile(session, person=person, display_name=name, language="th", now=NOON)
    session.commit()
    may, boy = session.scalars(select(Person).order_by(Person.id)).all()
    assert [people.name_of(session, who) for who in (may, boy)] == ["เมย์", "บอย"]
    session.execute(
        text("UPDATE people SET display_name = other.display_name FROM people other WHERE other.id <> people.id")
    )
    session.expire_all()
    for who in (may, boy):
        with pytest.raises(CannotOpen):
            vault_of(session).open(who.display_name or b"", f"people.display_name:{who.id}")
        assert people.name_of(session, who) is None, "a name nobody can open is no name, and stops nothing"


def test_b2_fingerprints_need_the_key() -> None:
    """B2: neither a plain digest nor one under an empty or another key finds what is in the database."""
    value, domain = "LF-2026-0042", "codes"
    found = Vault([OLD]).fingerprint(value, domain)
    plain = f"{domain}:{value}".encode()
    guesses = [hashlib.sha256(plain).digest(), hashlib.sha256(value.encode()).digest()]
    guesses += [hmac.digest(key, plain, "sha256") for key in (b"", OLD.encode(), hashlib.sha256(OLD.encode()).digest())]
    assert found not in guesses
    assert found != Vault([NEW]).fingerprint(value, domain)
    assert found == Vault([OLD]).fingerprint(value, domain)
    assert len(found) == 32


def test_b2_fingerprints_are_separate_per_domain() -> None:
    """B2: the same value in two tables has two prints, so that tables cannot be matched with each other."""
    vault = Vault([OLD])
    assert vault.fingerprint("0812345678", "phone") != vault.fingerprint("0812345678", "code")


def test_b4_the_old_key_opens_and_the_new_one_seals() -> None:
    """B4: with a new key in front everything opens, and what is sealed now needs the new key alone."""
    before = Vault([OLD]).seal("เมย์", HERE)
    rotating = Vault([NEW, OLD])
    assert rotating.open(before, HERE) == "เมย์"
    after = rotating.seal("เมย์", HERE)
    assert Vault([NEW]).open(after, HERE) == "เมย์"
    assert rotating.fingerprints("x", "d") == [Vault([NEW]).fingerprint("x", "d"), Vault([OLD]).fingerprint("x", "d")]
    assert rotating.fingerprint("x", "d") == rotating.fingerprints("x", "d")[0]


def test_b4_a_key_taken_away_too_early_is_named() -> None:
    """B4: the message says which setting lacks a key and where to put it back; no secret and no text is in it."""
    sealed = Vault([OLD]).seal("เมย์", HERE)
    with pytest.raises(CannotOpen) as refused:
        Vault([NEW]).open(sealed, HERE)
    assert "SITTHI_SECRET_KEYS" in str(refused.value)
    assert "put it back" in str(refused.value)
    assert OLD not in str(refused.value)
    assert "เมย์" not in str(refused.value)


def test_b4_links_are_signed_by_the_new_key_and_read_by_both() -> None:
    """B4: `itsdangerous` signs with the last key of the list: that must be the newest."""
    assert Vault([NEW, OLD]).signing_keys == [*Vault([OLD]).signing_keys, *Vault([NEW]).signing_keys]
    assert OLD not in repr(Vault([OLD])) + str(vars(Vault([OLD])))


def test_a_session_carries_its_vault(session: Session) -> None:
    """Rules find the vault in their session."""
    assert vault_of(session).open(Vault(TEST_KEYS).seal("x", HERE), HERE) == "x"
