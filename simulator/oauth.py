"""Channel access tokens and ID tokens."""
from __future__ import annotations

from typing import Any

ROUTES = ()
def make_id_token(line: Any, person: Any, body: Any) -> str:
    return ""
