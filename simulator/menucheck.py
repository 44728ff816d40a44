from __future__ import annotations

from typing import Any


def check_menu(body: dict[str, Any]) -> dict[str, Any]:
    return body
