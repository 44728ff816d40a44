"""Sealing what must not be readable in the database: names, codes. AES-GCM under keys that live outside it.

A sealed value says which key sealed it and is bound to its place (`context`), so that rows cannot swap values (B3).
The first of `SITTHI_SECRET_KEYS` seals; every key opens; so a key is rotated by putting a new one in front.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

NONCE = 12
KEY_ID = 4


class CannotOpen(Exception):
    """A sealed value was moved, altered, or sealed under a key that is no longer among `SITTHI_SECRET_KEYS`."""


class Vault:
    """Seals and opens under the given keys, newest first."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = {_key_id(secret): AESGCM(_derive(secret, b"seal")) for secret in secrets}
        self._first = _key_id(secrets[0])
        self._prints = [_derive(secret, b"fingerprint") for secret in secrets]
        self._signing = [_derive(secret, b"sign").hex() for secret in reversed(secrets)]

    @property
    def signing_keys(self) -> list[str]:
        """Keys for signed links, newest last (the order `itsdangerous` wants)."""
        return self._signing

    def seal(self, text: str, context: str) -> bytes:
        """`text` encrypted, openable only with the same `context`, such as `people.display_name:12`."""
        nonce = os.urandom(NONCE)
        return self._first + nonce + self._keys[self._first].encrypt(nonce, text.encode(), context.encode())

    def open(self, sealed: bytes, context: str) -> str:
        """The text sealed for this `context`. Raises `CannotOpen`."""
        key = self._keys.get(sealed[:KEY_ID])
        if key is None:
            raise CannotOpen(
                f"{context}: sealed under a key that SITTHI_SECRET_KEYS no longer holds; put it back, last"
            )
        try:
            nonce = sealed[KEY_ID : KEY_ID + NONCE]
            return key.decrypt(nonce, sealed[KEY_ID + NONCE :], context.encode()).decode()
        except (InvalidTag, ValueError):  # ValueError: cut short
            raise CannotOpen(f"{context}: this value was altered or belongs elsewhere") from None

    def fingerprint(self, text: str, domain: str) -> bytes:
        """A keyed digest for look-ups and uniqueness, separate per `domain`; says nothing without the key (B2)."""
        return self._digest(self._prints[0], text, domain)

    def fingerprints(self, text: str, domain: str) -> list[bytes]:
        """The digests under every key, newest first: a look-up while keys are rotated tries them all (B4)."""
        return [self._digest(key, text, domain) for key in self._prints]

    @staticmethod
    def _digest(key: bytes, text: str, domain: str) -> bytes:
        return hmac.digest(key, f"{domain}:{text}".encode(), "sha256")


def vault_of(session: Session) -> Vault:
    """The vault the session was made with."""
    vault: Vault = session.info["vault"]
    return vault


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=b"sitthi", info=purpose).derive(secret.encode())


def _key_id(secret: str) -> bytes:
    return hashlib.sha256(_derive(secret, b"id")).digest()[:KEY_ID]
