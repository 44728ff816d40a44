"""Every limit of LINE's that the simulator keeps, one line each with its source. Checks read it; tests walk it.

Sources: REF is the Messaging API reference, COUNT the page "Character counting in a text", RETRY "Retry failed API
requests", UNITS "Get statistics of sent messages", LINK "User account linking", TOKENS "Channel access token",
OAS line-openapi's messaging-api.yml. Units: utf16 are UTF-16 code units, graphemes user-perceived characters.
Where LINE's page can be read in two ways (is a KB 1,000 or 1,024 bytes?) the stricter reading stands here.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.counting import graphemes, utf16


@dataclass(frozen=True, slots=True)
class Limit:
    """`least` to `most` of a unit; most None means no upper end."""

    least: float
    most: float | None
    unit: str
    source: str


def _most(most: float, unit: str, source: str, least: float = 0) -> Limit:
    return Limit(least, most, unit, source)


LIMITS: dict[str, Limit] = {
    # requests
    "request.bytes": _most(2_000_000, "bytes", "REF status codes, 413"),
    "messages": _most(5, "items", "REF send push message, messages", 1),
    "multicast.to": _most(500, "items", "REF send multicast message, to", 1),
    "units.per_message": _most(1, "items", "REF customAggregationUnits"),
    "units.name": _most(30, "chars", "REF customAggregationUnits", 1),
    "units.per_month": _most(1000, "items", "UNITS maximum number of unit name types"),
    "units.page": _most(100, "items", "REF get a list of unit names, limit", 1),
    "followers.page": _most(1000, "items", "REF get followers ids, limit", 1),
    "loading.seconds": _most(60, "seconds", "REF display a loading animation", 5),
    "narrowcast.audiences": _most(10, "items", "REF recipient objects"),
    # texts
    "text.text": _most(5000, "utf16", "REF text message"),
    "text.emojis": _most(20, "items", "REF text message, emojis"),
    "textV2.text": _most(5000, "utf16", "REF text message (v2)"),
    "textV2.substitution": _most(100, "items", "REF text message (v2)"),
    "textV2.key": _most(20, "chars", "REF text message (v2)", 1),
    "textV2.emojis": _most(20, "items", "REF text message (v2), emoji object"),
    "textV2.mentions": _most(20, "items", "REF text message (v2), mention object"),
    "altText": _most(1500, "utf16", "REF template, imagemap and flex messages", 1),
    "sender.name": _most(20, "utf16", "REF customize icon and display name"),
    "url": _most(2000, "utf16", "REF originalContentUrl, previewImageUrl, imageUrl, url …"),
    "video.trackingId": _most(100, "utf16", "REF video message"),
    "location.title": _most(100, "utf16", "REF location message"),
    "location.address": _most(100, "utf16", "REF location message"),
    "coupon.deliveryTag": _most(30, "chars", "REF coupon message"),
    "quickReply.items": _most(13, "items", "REF quick reply items", 1),
    # imagemap
    "imagemap.actions": _most(50, "items", "REF imagemap message"),
    "imagemap.width": _most(1040, "px", "REF imagemap message, baseSize.width", 1040),
    "imagemap.label": _most(100, "graphemes", "REF imagemap actions; COUNT all action labels"),
    "imagemap.linkUri": _most(1000, "utf16", "REF imagemap URI action"),
    "imagemap.text": _most(400, "graphemes", "REF imagemap message action; COUNT message action text"),
    "imagemap.clipboardText": _most(1000, "utf16", "REF imagemap clipboard action", 1),
    "imagemap.video.label": _most(30, "utf16", "REF imagemap message, video.externalLink.label"),
    # templates
    "buttons.title": _most(40, "graphemes", "REF buttons template; COUNT"),
    "buttons.text": _most(160, "graphemes", "REF buttons template without image and title; COUNT", 1),
    "buttons.text.short": _most(60, "graphemes", "REF buttons template with image or title; COUNT", 1),
    "buttons.actions": _most(4, "items", "REF buttons template", 1),
    "confirm.text": _most(240, "graphemes", "REF confirm template; COUNT", 1),
    "confirm.actions": _most(2, "items", "REF confirm template", 2),
    "carousel.columns": _most(10, "items", "REF carousel template", 1),
    "carousel.title": _most(40, "graphemes", "REF carousel column; COUNT"),
    "carousel.text": _most(120, "graphemes", "REF carousel column without image and title; COUNT", 1),
    "carousel.text.short": _most(60, "graphemes", "REF carousel column with image or title; COUNT", 1),
    "carousel.actions": _most(3, "items", "REF carousel column", 1),
    "image_carousel.columns": _most(10, "items", "REF image carousel template", 1),
    # flex
    "flex.bubble": _most(30_000, "bytes", "REF bubble, size of its JSON"),
    "flex.carousel": _most(50_000, "bytes", "REF flex carousel, size of its JSON"),
    "flex.carousel.bubbles": _most(12, "items", "REF flex carousel", 1),
    "flex.animated": _most(10, "items", "REF flex image, animated"),
    "flex.ratio": _most(100_000, "px", "REF flex image, aspectRatio", 1),
    # actions
    "action.label.image_carousel": _most(12, "graphemes", "REF specifications of the label; COUNT"),
    "action.label.template": _most(20, "graphemes", "REF specifications of the label; COUNT", 1),
    "action.label.richmenu": _most(20, "graphemes", "REF specifications of the label; COUNT"),
    "action.label.quickReply": _most(20, "graphemes", "REF specifications of the label; COUNT", 1),
    "action.label.flex": _most(40, "graphemes", "REF specifications of the label; COUNT"),
    "action.data": _most(300, "utf16", "REF postback and datetime picker action", 1),
    "action.displayText": _most(300, "graphemes", "REF postback action; COUNT"),
    "action.fillInText": _most(300, "graphemes", "REF postback action; COUNT"),
    "action.text": _most(300, "graphemes", "REF message action; COUNT", 1),
    "action.uri": _most(1000, "utf16", "REF URI action"),
    "action.clipboardText": _most(1000, "utf16", "REF clipboard action", 1),
    # rich menus
    "richmenu.name": _most(300, "graphemes", "REF rich menu object; COUNT", 1),
    "richmenu.chatBarText": _most(14, "graphemes", "REF rich menu object; COUNT", 1),
    "richmenu.areas": _most(20, "items", "REF rich menu object"),
    "richmenu.width": _most(2500, "px", "REF size object", 800),
    "richmenu.height": Limit(250, None, "px", "REF size object"),
    "richmenu.ratio": Limit(1.45, None, "ratio", "REF size object"),
    "richmenu.image.width": _most(2500, "px", "REF requirements for rich menu image", 800),
    "richmenu.image.height": Limit(250, None, "px", "REF requirements for rich menu image"),
    "richmenu.image.ratio": Limit(1.45, None, "ratio", "REF requirements for rich menu image"),
    "richmenu.image.bytes": _most(1_000_000, "bytes", "REF requirements for rich menu image"),
    "richmenu.alias": _most(32, "chars", "REF create rich menu alias", 1),
    "richmenu.bulk.userIds": _most(500, "items", "REF link rich menu to multiple users", 1),
    "richmenu.batch.operations": _most(1000, "items", "REF rich menu batch", 1),
    "richmenu.batch.resumeRequestKey": _most(100, "chars", "REF rich menu batch", 1),
    "channel.richmenus": _most(1000, "items", "REF create rich menu"),
    "channel.aliases": _most(1000, "items", "REF create rich menu alias, reached the maximum number"),
    # account link and webhook
    "accountLink.nonce": _most(255, "chars", "LINK nonce", 10),
    "webhook.endpoint": _most(500, "chars", "OAS set webhook endpoint", 1),
}

# Times, in seconds.
RETRY_KEY_SECONDS = 24 * 3600  # RETRY a retry key is valid for 24 hours
NON_FRIEND_SECONDS = 7 * 24 * 3600  # REF conditions for sending push message
LINK_TOKEN_SECONDS = 10 * 60  # REF issue link token
PROGRESS_SECONDS = 14 * 24 * 3600  # REF narrowcast status, rich menu batch status
CONTINUATION_SECONDS = 24 * 3600  # REF followers ids, next
STATELESS_TOKEN_SECONDS = 15 * 60  # TOKENS stateless
SHORT_LIVED_TOKEN_SECONDS = 30 * 24 * 3600  # TOKENS short-lived
SHORT_LIVED_TOKENS = 30  # TOKENS short-lived: the 31st revokes the oldest

_HOUR, _MINUTE = 3600, 60
#: (calls, seconds) per endpoint; REF rate limits. What is not named here has OTHER_RATE.
RATES: dict[str, tuple[int, int]] = {
    "POST /v2/bot/message/narrowcast": (60, _HOUR),
    "POST /v2/bot/message/broadcast": (60, _HOUR),
    "GET /v2/bot/insight/message/delivery": (60, _HOUR),
    "GET /v2/bot/insight/followers": (60, _HOUR),
    "GET /v2/bot/insight/demographic": (60, _HOUR),
    "GET /v2/bot/insight/message/event": (60, _HOUR),
    "GET /v2/bot/insight/message/event/aggregation": (60, _HOUR),
    "POST /v2/bot/channel/webhook/test": (60, _HOUR),
    "POST /v2/bot/audienceGroup/upload": (60, _MINUTE),
    "PUT /v2/bot/audienceGroup/upload": (60, _MINUTE),
    "GET /v2/bot/audienceGroup/{audienceGroupId}": (60, _MINUTE),
    "DELETE /v2/bot/audienceGroup/{audienceGroupId}": (60, _MINUTE),
    "GET /v2/bot/channel/webhook/endpoint": (1000, _MINUTE),
    "PUT /v2/bot/channel/webhook/endpoint": (1000, _MINUTE),
    "POST /v2/bot/richmenu": (100, _HOUR),
    "DELETE /v2/bot/richmenu/{richMenuId}": (100, _HOUR),
    "DELETE /v2/bot/richmenu/alias/{richMenuAliasId}": (100, _HOUR),
    "GET /v2/bot/richmenu/progress/batch": (100, _HOUR),
    "POST /v2/bot/richmenu/batch": (3, _HOUR),
    "GET /v2/bot/richmenu/list": (10, 1),
    "POST /v2/bot/message/multicast": (200, 1),
    "POST /v2/bot/chat/loading/start": (100, 1),
    "POST /v2/oauth/accessToken": (370, 1),
}
OTHER_RATE = (2000, 1)


def rate_of(endpoint: str) -> tuple[int, int]:
    """(calls, seconds) allowed for `METHOD path`."""
    return RATES.get(endpoint, OTHER_RATE)


def within(name: str, amount: float) -> bool:
    """Whether an amount is inside the named limit, both ends included."""
    limit = LIMITS[name]
    return amount >= limit.least and (limit.most is None or amount <= limit.most)


def at_most(name: str, amount: float) -> bool:
    """Whether an amount is no more than the named limit's upper end."""
    most = LIMITS[name].most
    return most is None or amount <= most


def length(name: str, text: str) -> int:
    """The text's length in the unit LINE counts for this field."""
    unit = LIMITS[name].unit
    if unit == "graphemes":
        return graphemes(text)
    return utf16(text) if unit == "utf16" else len(text)
