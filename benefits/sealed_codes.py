"""Where the codes of privileges are sealed and opened: one place decides what each sealed value is bound to (B3)."""

from __future__ import annotations

from collections.abc import Callable

from benefits.vault import Vault
from models import Code, Privilege

UNMISTAKABLE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and letters without I, L, O and U."""


def seal_privilege_code(vault: Vault, *, club: str, key: str, text: str) -> bytes:
    """The one code (or link) of the privilege called `key`, sealed for `privileges.code`."""
    return vault.seal(text, _privilege_context(club, key))


def open_privilege_code(vault: Vault, privilege: Privilege) -> str | None:
    """The privilege's one code (or link); none: it has none. Raises `CannotOpen`."""
    if privilege.code is None:
        return None
    return privilege_code_opener(vault, club=privilege.club, key=privilege.key)(privilege.code)


def privilege_code_opener(vault: Vault, *, club: str, key: str) -> Callable[[bytes], str]:
    """Opens what is sealed as the code of the privilege called `key`. It raises `CannotOpen`."""
    return lambda sealed: vault.open(sealed, _privilege_context(club, key))


def seal_pool_code(vault: Vault, *, club: str, key: str, text: str) -> tuple[bytes, bytes]:
    """One code for the pool of the privilege called `key`: (`codes.sealed`, `codes.fingerprint`)."""
    fingerprint = vault.fingerprint(text, pool_domain(club, key))
    return vault.seal(text, _pool_context(club, key, fingerprint)), fingerprint


def open_pool_code(vault: Vault, *, privilege: Privilege, code: Code) -> str:
    """The code that a claim of `privilege` took from its pool. Raises `CannotOpen`."""
    return vault.open(code.sealed, _pool_context(privilege.club, privilege.key, code.fingerprint))


def pool_domain(club: str, key: str) -> str:
    """The domain of fingerprints of one pool: equal codes of two privileges do not look alike."""
    return f"codes:{club}:{key}"


def _privilege_context(club: str, key: str) -> str:
    return f"privileges.code:{club}:{key}"


def _pool_context(club: str, key: str, fingerprint: bytes) -> str:
    return f"codes.sealed:{club}:{key}:{fingerprint.hex()}"


def made_code(vault: Vault, claim_id: int) -> str:
    """Eight letters and digits, such as `7KQ2-MX4P`: nobody can guess another claim's, and none is read as another."""
    digest = int.from_bytes(vault.fingerprint(str(claim_id), "claims.code")[:5], "big")
    letters = "".join(UNMISTAKABLE[digest >> shift & 31] for shift in range(35, -5, -5))
    return f"{letters[:4]}-{letters[4:]}"


def masked(code: str) -> str:
    """What may be shown of a code to staff: the last four characters of a long one, so that it is known again; else nothing."""
    return "" if not code else f"••••{code[-4:]}" if len(code) >= 12 else "••••"
