"""Hosts of our own on this machine: network namespaces on one switch. Needs root and iproute2; leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NET = "10.77.19"


class CannotBuild(Exception):
    """This machine gives us no network namespaces; the message says what is missing."""


@dataclass(frozen=True)
class Host:
    """One namespace with one address. Processes in it see the others only through the switch."""

    lan: str
    name: str
    number: int

    @property
    def space(self) -> str:
        """The namespace's name on this machine."""
        return f"{self.lan}-{self.name}"

    @property
    def address(self) -> str:
        """Its address on the switch."""
        return f"{NET}.{self.number}"

    @property
    def port(self) -> str:
        """The switch's end of its cable."""
        return f"to-{self.name}"

    def command(self, words: Sequence[str]) -> list[str]:
        """The same command, run on this host."""
        return ["ip", "netns", "exec", self.space, *words]

    def start(self, words: Sequence[str], environ: Mapping[str, str], log: Path, cwd: Path) -> subprocess.Popen[bytes]:
        """Start a process on this host, in a process group of its own."""
        with log.open("ab") as out:
            return subprocess.Popen(
                self.command(words), cwd=cwd, env=dict(environ), stdout=out, stderr=out, start_new_session=True
            )

    def cut_off(self) -> None:
        """Pull its cable: what it sends is lost, what it runs goes on."""
        _ip("-n", self.lan, "link", "set", self.port, "down")

    def plug_in(self) -> None:
        """The cable is back."""
        _ip("-n", self.lan, "link", "set", self.port, "up")


@contextmanager
def hosts(names: Sequence[str]) -> Iterator[dict[str, Host]]:
    """Namespaces of these names, wired; removed afterwards with whatever still runs in them. Raises `CannotBuild`."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise CannotBuild("network namespaces need root and the program `ip` (Debian: apt-get install iproute2)")
    lan = f"sitthi{os.getpid()}"
    made = {name: Host(lan, name, number) for number, name in enumerate(names, 2)}
    try:
        _build(lan, list(made.values()))
        yield made
    finally:
        for space in (*(host.space for host in made.values()), lan):
            _end(space)


def _build(lan: str, wanted: Sequence[Host]) -> None:
    _ip("netns", "add", lan)
    _ip("-n", lan, "link", "add", "switch", "type", "bridge")
    _ip("-n", lan, "link", "set", "switch", "up")
    for host in wanted:
        _ip("netns", "add", host.space)
        _ip("-n", lan, "link", "add", host.port, "type", "veth", "peer", "name", "eth0", "netns", host.space)
        _ip("-n", lan, "link", "set", host.port, "master", "switch", "up")
        _ip("-n", host.space, "addr", "add", f"{host.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", host.space, "link", "set", device, "up")


def _end(space: str) -> None:
    found = subprocess.run(["ip", "netns", "pids", space], capture_output=True, text=True, check=False)
    for pid in found.stdout.split():
        if int(pid) != os.getpid():
            subprocess.run(["kill", "-9", pid], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotBuild(f"ip {' '.join(words)}: {done.stderr.strip()}")
