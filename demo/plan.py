"""What a demo is made of: its folder, its two ports, and the settings its processes are given. No secret here is one."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from settings import Settings, read_settings

ROOT = Path(__file__).resolve().parent.parent
CLUB = "family_club"
BOT_PORT, LINE_PORT = "SITTHI_DEMO_PORT", "SITTHI_DEMO_LINE_PORT"
"""The settings that move the demo to other ports of this machine."""
SECRET = "everybody-knows-this-channel-secret-of-the-demo"
TOKEN = "everybody-knows-this-channel-access-token-of-the-demo"
KEYS = "everybody-knows-this-key-of-the-demo-XyZ-0123456789"


class PlanError(Exception):
    """The environment asks for a demo that cannot be; the message says what to change."""


@dataclass(frozen=True)
class Plan:
    """One demo. Everything is on this machine (127.0.0.1) and nothing of it is reachable from outside."""

    data_dir: Path
    bot_port: int
    line_port: int
    environ: Mapping[str, str]

    @property
    def bot_url(self) -> str:
        """Where the bot answers."""
        return f"http://127.0.0.1:{self.bot_port}"

    @property
    def line_url(self) -> str:
        """Where the phones are, and LINE's API."""
        return f"http://127.0.0.1:{self.line_port}"

    @property
    def logs(self) -> Path:
        """The folder of the logs, one file per process."""
        return self.data_dir / "logs"

    @cached_property
    def settings(self) -> Settings:
        """What the demo's processes read from their environment. Raises `SettingsError`."""
        return read_settings(self.environment(), (CLUB,))

    def environment(self) -> dict[str, str]:
        """The environment of every process of the demo: the person's own, then the demo's settings."""
        return {
            **self.environ,
            "SITTHI_ENV": "demo",
            "SITTHI_DATA_DIR": str(self.data_dir),
            "SITTHI_CLUBS": CLUB,
            "LINE_API_URL": self.line_url,
            "SITTHI_PUBLIC_URL": self.bot_url,
            "SITTHI_SECRET_KEYS": KEYS,
            f"SITTHI_{CLUB.upper()}_CHANNEL_SECRET": SECRET,
            f"SITTHI_{CLUB.upper()}_CHANNEL_TOKEN": TOKEN,
            "PYTHONUNBUFFERED": "1",
        }

    def bot_command(self) -> list[str]:
        """The bot: two processes, so that a lock that only one process knows would show."""
        options = ["--workers", "2", "--threads", "8", "--graceful-timeout", "3"]
        bind = ["--bind", f"127.0.0.1:{self.bot_port}", "--chdir", str(ROOT), "--no-control-socket"]
        return [sys.executable, "-m", "gunicorn", *options, *bind, "app:create_app()"]

    def jobs_command(self) -> list[str]:
        """The scheduler and the worker."""
        return [sys.executable, "-m", "jobs"]

    def menus_command(self) -> list[str]:
        """Publishes the rich menus, and ends."""
        return [sys.executable, "-m", "flask", "--app", "app:create_app", "richmenu", "publish", "--club", CLUB]

    def line_command(self, bot_name: str, start_over_url: str | None) -> list[str]:
        """LINE, as far as this machine goes, with the way to the console and, where it may be, to starting over."""
        webhook = ["--webhook", f"{self.bot_url}/callback/{CLUB}", "--clock-url", f"{self.bot_url}/_demo/clock"]
        keys = ["--secret", SECRET, "--token", TOKEN, "--bot-name", bot_name]
        more = ["--link", f"Start page={self.bot_url}/", "--link", f"Console={self.bot_url}/console/"]
        if start_over_url is not None:
            more += ["--start-over-url", start_over_url]
        return [sys.executable, "-m", "simulator", "--port", str(self.line_port), *webhook, *keys, *more]


def make_plan(environ: Mapping[str, str] = os.environ) -> Plan:
    """The plan the environment asks for. Raises `PlanError`."""
    return Plan(
        data_dir=Path(environ.get("SITTHI_DATA_DIR") or ROOT / "var").absolute(),
        bot_port=_port(environ, BOT_PORT, 8000),
        line_port=_port(environ, LINE_PORT, 8100),
        environ=dict(environ),
    )


def _port(environ: Mapping[str, str], name: str, usual: int) -> int:
    text = environ.get(name) or str(usual)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise PlanError(f"{name} is {text!r}: write a port number, such as {usual}")
    return int(text)
