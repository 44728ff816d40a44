"""Channel access tokens (stateless, short-lived) and LINE Login's ID tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from simulator.api import Answer, Call, Refusal, Route
from simulator.limits import SHORT_LIVED_TOKEN_SECONDS, SHORT_LIVED_TOKENS, STATELESS_TOKEN_SECONDS
from simulator.people import Person

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]
_ISSUER = "https://access.line.me"
_ID_TOKEN_SECONDS = 3600


def _error(error: str, description: str | None = None) -> Refusal:
    body: Json = {"error": error}
    return Refusal(400, None, body=body | ({"error_description": description} if description else {}))


def issue_stateless(line: Line, call: Call) -> Answer:
    """POST /oauth2/v3/token: 15 minutes, any number. A JWT assertion is taken unseen."""
    form = call.form()
    by_secret = form.get("client_id") == line.channel_id and form.get("client_secret") == line.secret
    if form.get("grant_type") != "client_credentials" or not (by_secret or form.get("client_assertion")):
        raise _error("invalid_request", "Invalid 'client_credentials'.")
    token = line.tokens.issue(STATELESS_TOKEN_SECONDS)
    return Answer({"token_type": "Bearer", "access_token": token, "expires_in": STATELESS_TOKEN_SECONDS})


def issue_short_lived(line: Line, call: Call) -> Answer:
    """POST /v2/oauth/accessToken: 30 days; the 31st living one ends the oldest."""
    form = call.form()
    if form.get("grant_type") != "client_credentials":
        raise _error("unsupported_grant_type")
    if form.get("client_id") != line.channel_id:
        raise _error("invalid_client", "invalid client_id")
    if form.get("client_secret") != line.secret:
        raise _error("invalid_client", "invalid client_secret")
    line.tokens.keep(SHORT_LIVED_TOKENS - 1)
    token = line.tokens.issue(SHORT_LIVED_TOKEN_SECONDS, short_lived=True)
    return Answer({"access_token": token, "expires_in": SHORT_LIVED_TOKEN_SECONDS, "token_type": "Bearer"})


def verify(line: Line, call: Call) -> Answer:
    """POST /v2/oauth/verify (and GET /oauth2/v2.1/verify): whose token it is and how long it lives."""
    token = call.form().get("access_token") or call.query.get("access_token") or ""
    left = line.tokens.seconds_left(token) if token else None
    if left is None:
        raise _error("invalid_request", "access_token invalid")
    return Answer({"client_id": line.channel_id, "expires_in": left, "scope": "P CM"})


def revoke(line: Line, call: Call) -> Answer:
    """POST /v2/oauth/revoke: 200 with an empty body, also for a token nobody knows."""
    token = call.form().get("access_token")
    if not token:
        raise _error("invalid_request")
    line.tokens.revoke(token)
    return Answer(content=b"")


# --- ID tokens ---------------------------------------------------------------------------------------------------
def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _sign(line: Line, text: str) -> str:
    return _encode(hmac.new(line.secret.encode(), text.encode(), hashlib.sha256).digest())


def make_id_token(line: Line, person: Person, wishes: Json) -> str:
    """An ID token as LINE Login gives a page: HS256 under the channel secret, one hour.

    `wishes` may name client_id, nonce, email and seconds (its life).
    """
    now = int(line.clock.time())
    claims: Json = {
        "iss": _ISSUER,
        "sub": person.id,
        "aud": str(wishes.get("client_id", line.channel_id)),
        "exp": now + int(wishes.get("seconds", _ID_TOKEN_SECONDS)),
        "iat": now,
        "amr": ["linesso"],
        "name": person.name,
    }
    claims |= {name: wishes[name] for name in ("nonce", "email") if wishes.get(name)}
    if person.picture:
        claims["picture"] = person.picture
    head = _encode(json.dumps({"typ": "JWT", "alg": "HS256"}).encode())
    text = f"{head}.{_encode(json.dumps(claims).encode())}"
    return f"{text}.{_sign(line, text)}"


def verify_id_token(line: Line, call: Call) -> Answer:
    """POST /oauth2/v2.1/verify: the claims of a genuine token, or which part of it is wrong."""
    form = call.form()
    claims = _claims(line, form.get("id_token", ""))
    if claims.get("iss") != _ISSUER:
        raise _error("invalid_request", "Invalid IdToken Issuer.")
    if claims.get("exp", 0) <= line.clock.time():
        raise _error("invalid_request", "IdToken expired.")
    if not form.get("client_id") or claims.get("aud") != form["client_id"]:
        raise _error("invalid_request", "Invalid IdToken Audience.")
    if "nonce" in form and claims.get("nonce") != form["nonce"]:
        raise _error("invalid_request", "Invalid IdToken Nonce.")
    if "user_id" in form and claims.get("sub") != form["user_id"]:
        raise _error("invalid_request", "Invalid IdToken Subject Identifier.")
    return Answer(claims)


def _claims(line: Line, token: str) -> Json:
    text, _, signed = token.rpartition(".")
    if not text or not hmac.compare_digest(_sign(line, text).encode(), signed.encode()):
        raise _error("invalid_request", "Invalid IdToken.")
    payload = text.partition(".")[2]
    try:
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        raise _error("invalid_request", "Invalid IdToken.") from None
    return dict(found)


ROUTES = (
    Route("POST", "/oauth2/v3/token", issue_stateless, token=False),
    Route("POST", "/v2/oauth/accessToken", issue_short_lived, token=False),
    Route("POST", "/v2/oauth/verify", verify, token=False),
    Route("POST", "/v2/oauth/revoke", revoke, token=False),
    Route("GET", "/oauth2/v2.1/verify", verify, token=False),
    Route("POST", "/oauth2/v2.1/verify", verify_id_token, token=False),
)
