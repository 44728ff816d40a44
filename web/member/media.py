"""/media: pictures of privileges (public, kept long) and pictures of codes (of a running use only, kept by nobody)."""

from __future__ import annotations

from flask import Blueprint, Response, abort, send_file

from benefits.claims import state_of
from benefits.pages import partner_of_picture
from benefits.uses import shown as use_of
from web.member import drawing, pictures
from web.member.desk import Desk, Visit
from wording import Words, words

DAY = 86400


def add_to(blueprint: Blueprint, desk: Desk) -> None:
    """The two kinds of pictures."""

    @blueprint.get("/media/pictures/<name>")
    def picture(name: str) -> Response:
        if not pictures.NAME.fullmatch(name):
            abort(404)
        file = pictures.uploaded(desk.settings.data_dir / "uploads", name)
        if file is not None:
            answer = send_file(file, max_age=DAY * 30, conditional=True)
        else:
            answer = _png(_placeholder(desk, name))
            answer.cache_control.max_age = DAY
        answer.cache_control.public = True
        answer.cache_control.no_cache = None
        return answer

    @blueprint.get("/media/codes/<token>.png")
    def code(token: str) -> Response:
        with desk.visit(token) as visit:
            answer = _png(_code(desk, visit))
        answer.cache_control.no_store = True
        return answer


def _placeholder(desk: Desk, name: str) -> bytes:
    with desk.sessions() as session:
        partner = partner_of_picture(session, name)
    return pictures.placeholder(partner) if partner is not None else abort(404)


def _code(desk: Desk, visit: Visit) -> bytes:
    state = state_of(visit.claim, now=visit.now)
    if state != "in_use":
        return drawing.grey_png([_over(words(language), state) for language in ("th", "en")])
    use = use_of(visit.session, claim=visit.claim, now=visit.now)
    match use.kind:
        case "qr":
            return drawing.qr_png(desk.partner_url(visit.token))
        case "link":
            return drawing.qr_png(use.code)
        case "barcode":
            return drawing.barcode_png(use.code)
    return drawing.text_png(use.code)


def _over(t: Words, state: str) -> str:
    """Why there is nothing to scan, short enough for a picture."""
    match state:
        case "used":
            return t("Used already")
        case "expired":
            return t("Expired")
        case "void":
            return t("No longer valid")
    return t("The time of this code is over")


def _png(body: bytes) -> Response:
    return Response(body, content_type="image/png")
