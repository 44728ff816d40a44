"""Which account of the machine the embedded server runs as, and folders that account can reach.

PostgreSQL refuses to run as root. Started by root, the server runs as the owner of its data, or as the owner of the
data folder, or as the account `sitthi` where the machine has one, or as `nobody`. Started by anybody else, it runs as
that person.

Where that account can't reach the data folder (a clone under `/root`, mode 0700), the data lives in a folder of its own
under `/var/lib/sitthi`, and `postgres` in the data folder is a symbolic link to it. Binaries it can't reach are copied
there as well.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

REACHABLE_HOME = Path("/var/lib/sitthi")
ACCOUNTS = ("sitthi", "nobody")


class DatabaseError(Exception):
    """The embedded database can't do what was asked; the text says why and what to do."""


@dataclass(frozen=True)
class Account:
    """The account the server runs as; `switch` says whether we are root and change to it."""

    uid: int
    gid: int
    switch: bool

    def give(self, path: Path) -> None:
        """Makes `path` a folder only this account (and root) may enter."""
        if self.switch:
            os.chown(path, self.uid, self.gid)
        path.chmod(0o700)

    def reaches(self, path: Path) -> bool:
        """Whether the account may enter the folder, or run the file, at `path`: the kernel says."""
        probe = self.start(["/bin/sh", "-c", '[ -x "$0" ]', str(path)], output=subprocess.DEVNULL)
        return probe.wait() == 0

    def start(
        self,
        command: Sequence[str],
        *,
        output: IO[bytes] | int,
        fds: Sequence[int] = (),
        stdin: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Starts a program as this account, in a session of its own, without our environment (it holds secrets)."""
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            start_new_session=True,
            pass_fds=fds,
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=[] if self.switch else None,
        )


def choose(data_dir: Path) -> Account:
    """The account for the server of `data_dir`, which exists. Raises DatabaseError when root finds none."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switch=False)
    for folder in (data_dir / "postgres", data_dir):
        if folder.exists() and folder.stat().st_uid != 0:
            return Account(folder.stat().st_uid, folder.stat().st_gid, switch=True)
    for name in ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid, switch=True)
    raise DatabaseError(
        "PostgreSQL does not run as root, and this machine has no account `sitthi` or `nobody` to run it as. "
        "Make one (useradd --system sitthi), start as another user, or set DATABASE_URL to a server of yours."
    )


def home_of_data(data_dir: Path, account: Account) -> Path:
    """The folder that holds the server's data: `data_dir/postgres`, or what that link points to.

    Makes the link first and the data later, so that being killed in between leaves nothing to be confused by.
    """
    home = data_dir / "postgres"
    if home.is_symlink() or home.exists() or account.reaches(data_dir):
        return home.resolve()
    reachable = _reachable_home(data_dir, account)
    apart = Path(tempfile.mkdtemp(prefix="data-", dir=reachable))
    apart.chmod(0o755)
    home.symlink_to(apart / "postgres")
    return apart / "postgres"


def binaries_for(account: Account, folder: Path) -> Path:
    """`folder` of PostgreSQL's programs in the wheel, or its place in a copy of them that the account can reach."""
    if account.reaches(folder / "postgres"):
        return folder
    stamp = hashlib.sha256(f"{folder}:{(folder / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copy = _reachable_home(folder, account) / f"programs-{stamp}"
    if not copy.exists():
        half = Path(tempfile.mkdtemp(prefix=".programs-", dir=copy.parent))
        half.chmod(0o755)
        _copy_programs(folder.parent, half)
        try:
            half.rename(copy)
        except OSError:  # another process was faster, and made the same
            shutil.rmtree(half)
    return copy / folder.parent.parent.name / folder.parent.name / folder.name


def _copy_programs(installation: Path, to: Path) -> None:
    """Copies the installation and the libraries it finds relative to itself: beside its package (Linux) or in it (macOS)."""
    package = installation.parent
    shutil.copytree(installation, to / package.name / installation.name, symlinks=True)
    for libraries in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
        if libraries.exists():
            shutil.copytree(libraries, to / libraries.relative_to(package.parent), symlinks=True)


def _reachable_home(wanted: Path, account: Account) -> Path:
    try:
        REACHABLE_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as reason:
        raise DatabaseError(_unreachable(wanted, account) + f" ({REACHABLE_HOME} can't be made: {reason})") from reason
    if not account.reaches(REACHABLE_HOME):
        raise DatabaseError(_unreachable(wanted, account))
    return REACHABLE_HOME


def _unreachable(wanted: Path, account: Account) -> str:
    return (
        f"The database runs as uid {account.uid}, which may reach neither {wanted} nor {REACHABLE_HOME}. "
        "Put SITTHI_DATA_DIR (and the project) where every folder above is open to others (chmod o+x), "
        "or start as a user who is not root."
    )
