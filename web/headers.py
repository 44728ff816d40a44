"""What every response says to the browser: nothing runs, loads or frames it but what is ours (C13)."""

from __future__ import annotations

from flask import Flask, Response, request

from settings import Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {framers}"
)
HOME = "'self'"
NEIGHBOURS = "'self' http://127.0.0.1:* http://localhost:*"
"""Outside production the simulator on this machine shows our pages inside its phones."""
ALWAYS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def protect(app: Flask, settings: Settings) -> None:
    """Give every response of `app` its security headers; what a view set itself stands."""
    fixed = {**ALWAYS, "Content-Security-Policy": POLICY.format(framers=HOME if settings.production else NEIGHBOURS)}
    if settings.production:
        fixed["Strict-Transport-Security"] = "max-age=31536000"
        fixed["X-Frame-Options"] = "SAMEORIGIN"

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in fixed.items():
            response.headers.setdefault(name, value)
        return response


def from_own_page(public_url: str) -> bool:
    """Whether the present POST comes from a page of ours, by what browsers say of its origin.

    A browser that names neither `Sec-Fetch-Site` nor `Origin` on a POST is older than any we serve: no.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is not None and origin in (_origin(public_url), request.host_url.rstrip("/"))


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])
