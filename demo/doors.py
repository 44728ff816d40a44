"""What the launcher asks the machine before it starts: are the ports free, is this folder's demo running already?"""

from __future__ import annotations

import fcntl
import socket
from pathlib import Path
from typing import IO

from demo.plan import BOT_PORT, LINE_PORT, Plan


class DoorError(Exception):
    """Something is in the way; the message names it and the setting that leads around it."""


def check_ports(plan: Plan) -> None:
    """Raises `DoorError` for a port that another program has, or when both are the same."""
    if plan.bot_port == plan.line_port:
        raise DoorError(f"{BOT_PORT} and {LINE_PORT} are both {plan.bot_port}: give them different ports.")
    for port, name, what in ((plan.bot_port, BOT_PORT, "the bot"), (plan.line_port, LINE_PORT, "the phones")):
        if not _free(port):
            example = f"{name}={port + 1000 if port < 64000 else 18000} make run"
            raise DoorError(f"Port {port}, meant for {what}, is in use. End what uses it, or choose another: {example}")


def hold(data_dir: Path) -> IO[str]:
    """The lock of this folder's demo, held while the file is open. Raises `DoorError` when another demo holds it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    file = (data_dir / "demo.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise DoorError(
            f"A demo runs already on the data in {data_dir}. End it with Ctrl-C there, "
            "or use another folder: SITTHI_DATA_DIR=/some/where make run"
        ) from None
    return file


def _free(port: int) -> bool:
    with socket.socket() as door:
        # As servers do: a port whose last connections are only lingering is free.
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
