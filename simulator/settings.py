"""How this platform behaves: webhook delivery, quota, rates. Changed while it runs through the control API."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(slots=True)
class Settings:
    """`quota_limit` None means no limit; all seconds are the simulator's, except the deadline of a webhook."""

    redelivery: bool = False
    redelivery_after_seconds: float = 60.0
    redelivery_times: int = 3
    duplicates: float = 0.0
    shuffle: bool = False
    events_per_body: int = 1
    standby: bool = False
    deadline_seconds: float = 2.0
    delivery_paused: bool = False
    webhook_active: bool = True
    quota_limit: int | None = None
    reply_token_seconds: float = 60.0
    verified_account: bool = True
    rate_limits: bool = True
    narrowcast_seconds: float = 2.0
    insecure_local_urls: bool = True

    def json(self) -> dict[str, Any]:
        """All settings by name."""
        return asdict(self)

    def change(self, values: dict[str, Any]) -> None:
        """Sets what is named in `values`. Raises ValueError with a sentence when a name or value cannot be."""
        known = {item.name: item for item in fields(self)}
        checked = {}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"There is no setting {name!r}. Settings: {', '.join(known)}.")
            checked[name] = _fitting(name, value, getattr(Settings(), name))
        for name, value in checked.items():
            setattr(self, name, value)


def _fitting(name: str, value: Any, example: Any) -> Any:
    if name == "quota_limit":
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
            return value
        raise ValueError("quota_limit must be null (no limit) or a whole number of messages.")
    if isinstance(example, bool):
        if isinstance(value, bool):
            return value
        raise ValueError(f"{name} must be true or false.")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ValueError(f"{name} must be a number, 0 or more.")
    if name == "duplicates" and value > 1:
        raise ValueError("duplicates is a probability from 0 to 1.")
    if name in ("events_per_body", "redelivery_times"):
        return max(1, int(value))
    return float(value)
