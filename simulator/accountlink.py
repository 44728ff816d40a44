"""Account link: the link token, LINE's dialog page, and the event that ends it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING
from urllib.parse import quote

from simulator import events
from simulator.api import Answer, Call, Refusal, Route
from simulator.limits import LINK_TOKEN_SECONDS, within
from simulator.people import Person
from simulator.profiles import user_parameter

if TYPE_CHECKING:
    from simulator.line import Line

_EXPIRED = "This link is no longer valid. Ask for a new one in the chat."
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Account link</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.6 system-ui,"Noto Sans Thai",sans-serif;max-width:26rem;margin:12vh auto;padding:0 1rem;
text-align:center}}button{{font:inherit;background:#06755c;color:#fff;border:0;border-radius:.5rem;padding:.6rem 2rem}}
</style></head><body>{body}</body></html>"""


def issue(line: Line, call: Call) -> Answer:
    """POST /v2/bot/user/{userId}/linkToken: ten minutes, once."""
    person = line.people.get(user_parameter(call))
    if person is None or person.gone:
        raise Refusal(404, "Not found")
    token = line.ids.token(32)
    line.link_tokens[token] = (person.id, line.clock.time() + LINK_TOKEN_SECONDS)
    return Answer({"linkToken": token})


def owner(line: Line, token: str) -> Person | None:
    """Who a living link token was issued for."""
    person, end = line.link_tokens.get(token, ("", 0.0))
    return line.people.get(person) if line.clock.time() < end else None


def finish(line: Line, person: Person, token: str, nonce: str) -> str:
    """`person` agrees in the dialog. Returns ok, failed (another person's token) or expired (no event at all)."""
    meant = owner(line, token)
    if meant is None or not within("accountLink.nonce", len(nonce)):
        return "expired"
    del line.link_tokens[token]
    if meant is not person:
        event = events.build(line, "accountLink", None, link={"result": "failed", "nonce": nonce})
        line.webhooks.put(event, person.id)
        return "failed"
    events.send(line, "accountLink", person, reply=True, link={"result": "ok", "nonce": nonce})
    return "ok"


def dialog(line: Line, call: Call) -> Answer:
    """GET /dialog/bot/accountLink?linkToken=&nonce=: the page that asks. Its opener is the token's person."""
    token, nonce = call.query.get("linkToken", ""), call.query.get("nonce", "")
    person = owner(line, token)
    if person is None or not within("accountLink.nonce", len(nonce)):
        return _page(f"<h1>Error</h1><p>{_EXPIRED}</p>", 400)
    action = f"/dialog/bot/accountLink?linkToken={quote(token)}&amp;nonce={quote(nonce)}"
    return _page(
        f"<h1>{html.escape(line.bot_name)}</h1><p>Link the LINE account of <b>{html.escape(person.name)}</b> "
        f'with this service?</p><form method="post" action="{action}"><button>Link</button></form>'
    )


def agree(line: Line, call: Call) -> Answer:
    """POST /dialog/bot/accountLink: the button of that page."""
    token, nonce = call.query.get("linkToken", ""), call.query.get("nonce", "")
    person = owner(line, token)
    if person is None or finish(line, person, token, nonce) != "ok":
        return _page(f"<h1>Error</h1><p>{_EXPIRED}</p>", 400)
    return _page("<h1>Linked</h1><p>You can close this page and go back to the chat.</p>")


def _page(body: str, status: int = 200) -> Answer:
    return Answer(status=status, content=_PAGE.format(body=body).encode(), content_type="text/html")


ROUTES = (
    Route("POST", "/v2/bot/user/{userId}/linkToken", issue),
    Route("GET", "/dialog/bot/accountLink", dialog, token=False),
    Route("POST", "/dialog/bot/accountLink", agree, token=False),
)
