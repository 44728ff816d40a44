"""Flask-Security as the console uses it: argon2, the second factor, and who the present colleague is.

Its own pages are not registered: a cookie must be good for a row of `staff_sessions`, and tries are counted before they
are judged, which they do not do.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flask import Flask, current_app, session
from flask_security import RoleMixin, Security, Totp, UserMixin, hash_password, verify_password
from flask_security import current_user as security_user
from flask_security.datastore import UserDatastore
from flask_security.proxies import _security
from flask_wtf import CSRFProtect
from passlib.exc import TokenError
from passlib.totp import TOTP, AppWallet

from benefits import signin
from benefits.staff import needs_factor
from models import Staff, StaffSession
from web.console.desk import Console

ISSUER = "Sitthi"
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 128
WINDOW_SECONDS = 30
"""Either side, for a phone whose clock is a little off."""


@dataclass
class Colleague(UserMixin):
    """The signed-in colleague, as Flask-Security wants to see one."""

    staff: Staff
    row: StaffSession | None = None
    factor_demanded: bool = True

    fs_uniquifier = cast(str, property(lambda self: self.staff.fs_uniquifier))
    active = cast(bool, property(lambda self: self.staff.active))
    email = cast(str, property(lambda self: self.staff.email))
    roles = cast(Any, property(lambda self: []))

    @property
    def lacks_factor(self) -> bool:
        """Whether the second factor is still to be given, or set up, before anything opens."""
        given = self.row is not None and self.row.factor_at is not None
        return self.factor_demanded and needs_factor(self.staff) and not given

    @property
    def lacks_password(self) -> bool:
        """Whether she came in with a one-time password and has to choose her own."""
        return self.staff.password_until is not None

    @property
    def whole(self) -> bool:
        """Whether the sign-in is complete."""
        return not (self.lacks_factor or self.lacks_password)


class Staffroom(UserDatastore):
    """Where Flask-Security finds the person of a cookie: the session's row and the colleague, asked at every request."""

    def __init__(self, console: Console) -> None:
        super().__init__(Colleague, RoleMixin)
        self.console = console

    def find_user(self, *args: Any, **query: Any) -> Colleague | None:
        """The colleague of the present cookie; none unless its row is open and its uniquifier is still hers (B10, C14)."""
        token = session.get("token")
        if not isinstance(token, str):
            return None
        console = self.console
        found = signin.session_of(console.scoped(), token, now=console.wall())
        if found is None or found[1].fs_uniquifier != query.get("fs_uniquifier"):
            return None
        return Colleague(found[1], found[0], console.factor_demanded)


class SecondFactor(Totp):
    """Codes of an authenticator app. Secrets are sealed under our keys, the newest first; no code is taken twice."""

    def __init__(self, secrets: dict[str, str] | dict[int, str], issuer: str) -> None:
        wallet = AppWallet({str(tag): key for tag, key in secrets.items()}, default_tag=str(next(iter(secrets))))
        self._totp = TOTP.using(issuer=issuer, wallet=wallet)

    def counter_of(self, code: str, sealed: str, now: datetime) -> int | None:
        """The 30-second step whose code this is, at or beside `now`; None for a wrong one."""
        try:
            return int(self._totp.verify(code, sealed, time=now, window=WINDOW_SECONDS).counter)
        except TokenError:
            return None


def protect(app: Flask, console: Console, signing_keys: list[str]) -> None:
    """Sessions, CSRF and Flask-Security on the console's app. `signing_keys`: newest first."""
    production = console.settings.production
    app.config.update(
        SECRET_KEY=_derived(signing_keys[0], "cookie"),
        SECRET_KEY_FALLBACKS=[_derived(key, "cookie") for key in signing_keys[1:]],
        SESSION_COOKIE_NAME="__Host-console" if production else "console",
        SESSION_COOKIE_SECURE=production,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # `from_own_page` looks at the origin of every POST, also behind a proxy
        SECURITY_PASSWORD_HASH="argon2",
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        SECURITY_DEPRECATED_PASSWORD_SCHEMES=[],
        SECURITY_PASSWORD_SINGLE_HASH=["argon2"],
        SECURITY_PASSWORD_LENGTH_MIN=SHORTEST_PASSWORD,
        SECURITY_TOTP_SECRETS={_tag(key): _derived(key, "second factor") for key in signing_keys},
        SECURITY_TOTP_ISSUER=ISSUER,
        SECURITY_UNIFIED_SIGNIN=False,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_CLI_USERS_NAME=False,
        SECURITY_CLI_ROLES_NAME=False,
    )
    CSRFProtect(app)
    Security(app, Staffroom(console), register_blueprint=False, totp_cls=SecondFactor)


def _derived(key: str, purpose: str) -> str:
    return hashlib.sha256(f"console {purpose}:{key}".encode()).hexdigest()


def _tag(key: str) -> str:
    return hashlib.sha256(f"console tag:{key}".encode()).hexdigest()[:8]


def factor() -> SecondFactor:
    """The second factor of the present app."""
    return cast(SecondFactor, _security.totp_factory)


def colleague() -> Colleague | None:
    """Who is signed in, whole or half; None: nobody."""
    found = security_user._get_current_object() if security_user else None
    return found if isinstance(found, Colleague) else None


def password_hash(password: str) -> str:
    """argon2 of a password, in the present app."""
    return hash_password(password)


def password_fits(password: str, hashed: str) -> bool:
    """Whether it is the password. As slow for a wrong one as for the right one."""
    return bool(verify_password(password[:LONGEST_PASSWORD], hashed))


def normal_password(password: str, staff: Staff | None = None) -> str | None:
    """A new password in its normal form; None when too short, too long, or her own address or name."""
    errors, normal = _security.password_util.validate(password, True)
    if errors or normal is None:
        return None
    folded = normal.casefold()
    own = (staff.email, staff.email.split("@")[0], staff.name.casefold()) if staff else ()
    return None if folded in own or len(set(folded)) < 5 else str(normal)


def nobodys_hash() -> str:
    """A hash nothing fits, made once per process: an unknown address takes as long as a known one (C5)."""
    kept = current_app.extensions.setdefault("console_nobody", {})
    if "hash" not in kept:
        kept["hash"] = password_hash(signin.one_time_secret())
    return cast(str, kept["hash"])
