"""H5: channel access tokens, account link, LINE Login's ID tokens."""

from __future__ import annotations

import pytest

from simulator import Simulator
from tests.simulator.conftest import SECRET, Raw
from tests.simulator.listener import Listener

NONCE = "a-nonce-of-20-letters"


def _issue(raw: Raw, **changes: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": "2000000000", "client_secret": SECRET} | changes
    return str(raw("POST", "/oauth2/v3/token", data=form).json()["access_token"])


def _status(raw: Raw, token: str) -> int:
    return raw("GET", "/v2/bot/info", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_stateless_token_lives_15_minutes(line: Simulator, raw: Raw) -> None:
    """TOKENS"""
    token = _issue(raw)
    line.advance(899)
    assert _status(raw, token) == 200
    assert raw("POST", "/v2/oauth/verify", data={"access_token": token}).json() == {
        "client_id": "2000000000",
        "expires_in": 1,
        "scope": "P CM",
    }
    line.advance(1)
    assert _status(raw, token) == 401
    assert raw("POST", "/v2/oauth/verify", data={"access_token": token}).json()["error"] == "invalid_request"


def test_wrong_credentials_are_refused(raw: Raw) -> None:
    """TOKENS: error bodies of the oauth endpoints"""
    form = {"grant_type": "client_credentials", "client_id": "2000000000", "client_secret": "wrong"}
    assert raw("POST", "/oauth2/v3/token", data=form).json() == {
        "error": "invalid_request",
        "error_description": "Invalid 'client_credentials'.",
    }
    assert raw("POST", "/v2/oauth/accessToken", data=form).json() == {
        "error": "invalid_client",
        "error_description": "invalid client_secret",
    }


def test_the_31st_short_lived_token_ends_the_oldest_and_a_revoked_one_is_dead(raw: Raw) -> None:
    """TOKENS"""
    form = {"grant_type": "client_credentials", "client_id": "2000000000", "client_secret": SECRET}
    tokens = [raw("POST", "/v2/oauth/accessToken", data=form).json()["access_token"] for _ in range(31)]
    assert [_status(raw, token) for token in (tokens[0], tokens[1], tokens[30])] == [401, 200, 200]
    assert raw("POST", "/v2/oauth/revoke", data={"access_token": tokens[1]}).content == b""
    assert _status(raw, tokens[1]) == 401


def test_only_the_configured_token_is_good_when_one_is_configured(line: Simulator, raw: Raw) -> None:
    """Authorization"""
    assert [_status(raw, token) for token in ("good-token", "bad-token")] == [200, 401]
    none = raw("GET", "/v2/bot/info", headers={"Authorization": ""})
    assert (none.status_code, none.json()["message"].split(".")[0]) == (401, "Authorization header required")
    with Simulator(secret=SECRET) as free:
        anyone = Raw(free.url)
        assert _status(anyone, "whatever") == 200


def _link_token(raw: Raw, person: str) -> str:
    return str(raw.post(f"/v2/bot/user/{person}/linkToken").json()["linkToken"])


def test_the_dialog_links_and_tells_the_bot(line: Simulator, raw: Raw, bot: Listener) -> None:
    """LINK: link token, dialog, nonce, accountLink ok; the token works once"""
    person = line.person("<b>นิด</b>", friend=True)
    dialog = f"/dialog/bot/accountLink?linkToken={_link_token(raw, person.id)}&nonce={NONCE}"
    page = raw("GET", dialog)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "&lt;b&gt;นิด" in page.text
    assert raw("POST", dialog).status_code == 200
    assert raw("POST", dialog).status_code == 400
    line.wait_idle()
    assert len(bot.events) == 1
    event = bot.events[0]
    assert (event["type"], event["link"], event["source"]["userId"]) == (
        "accountLink",
        {"result": "ok", "nonce": NONCE},
        person.id,
    )
    assert event["replyToken"]


def test_somebody_elses_link_fails_without_source_or_reply_token(line: Simulator, raw: Raw, bot: Listener) -> None:
    """LINK: result failed"""
    victim, attacker = line.person("ก", friend=True), line.person("ข", friend=True)
    token = _link_token(raw, attacker.id)
    answer = raw.post(f"/_sim/people/{victim.id}/link", {"linkToken": token, "nonce": NONCE})
    assert answer.json() == {"ok": False, "result": "failed"}
    line.wait_idle()
    event = bot.events[0]
    assert event["link"] == {"result": "failed", "nonce": NONCE}
    assert "source" not in event
    assert "replyToken" not in event


def test_an_expired_link_token_sends_no_event(line: Simulator, raw: Raw, bot: Listener) -> None:
    """LINK: ten minutes"""
    person = line.person("ก", friend=True)
    token = _link_token(raw, person.id)
    line.advance(600)
    answer = raw.post(f"/_sim/people/{person.id}/link", {"linkToken": token, "nonce": NONCE})
    assert answer.json() == {"ok": False, "result": "expired"}
    line.wait_idle()
    assert bot.events == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"client_id": "999"}, "Invalid IdToken Audience."),
        ({"nonce": "other"}, "Invalid IdToken Nonce."),
        ({"user_id": "U" + "0" * 32}, "Invalid IdToken Subject Identifier."),
        ({"id_token": "a.b.c"}, "Invalid IdToken."),
        ({"late": "1"}, "IdToken expired."),
    ],
)
def test_an_id_token_is_verified_in_lines_words(
    line: Simulator, raw: Raw, change: dict[str, str], words: str | None
) -> None:
    """REF LINE Login: verify ID token"""
    person = line.person("นิด")
    token = raw.post(f"/_sim/people/{person.id}/id-token", {"client_id": "123", "nonce": "n"}).json()["id_token"]
    line.advance(3600 if "late" in change else 3599)
    form = {"id_token": token, "client_id": "123", "nonce": "n", "user_id": person.id} | change
    answer = raw("POST", "/oauth2/v2.1/verify", data=form)
    if words is None:
        assert (answer.json()["sub"], answer.json()["name"]) == (person.id, "นิด")
    else:
        assert (answer.status_code, answer.json()["error_description"]) == (400, words)


def test_a_forged_id_token_is_refused(line: Simulator, raw: Raw) -> None:
    """A changed payload does not carry the signature."""
    person = line.person("นิด")
    token = raw.post(f"/_sim/people/{person.id}/id-token", {"client_id": "123"}).json()["id_token"]
    head, payload, signed = token.split(".")
    for forged in (f"{head}.{payload[:-2]}AA.{signed}", f"{head}.{payload}.", f"{head}.{payload}.{signed[:-1]}ก"):
        answer = raw("POST", "/oauth2/v2.1/verify", data={"id_token": forged, "client_id": "123"})
        assert answer.json()["error_description"] == "Invalid IdToken."
