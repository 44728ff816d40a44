"""Child processes that die or stand still at a chosen statement or call to LINE: real processes, real kill −9."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event

from bot.line import Line
from database.engine import make_engine

Work = Callable[[Engine], object]


def start(database_url: str, work: Work, *, boundary: int = 0, sign: int = signal.SIGKILL) -> int:
    """Fork a child that does `work` on an engine of its own; at its `boundary`-th boundary (before a statement or commit,
    before and after a call to LINE) it sends itself `sign`. Returns its process id. It exits with 0, or 1 when `work` raised."""
    child = os.fork()
    if child:
        return child
    engine, seen = make_engine(database_url), 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == boundary:
            os.kill(os.getpid(), sign)

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count)
    call = Line._call

    def counted(line: Line, *args: Any, **values: Any) -> Any:
        count()
        answer = call(line, *args, **values)
        count()
        return answer

    setattr(Line, "_call", counted)  # noqa: B010 (mypy: methods are not assigned)
    try:
        work(engine)
    except BaseException:
        traceback.print_exc(file=sys.stderr)
        os._exit(1)
    os._exit(0)


def finished(child: int) -> bool:
    """Wait for the child; False: it was killed. Raises `AssertionError` when its work raised."""
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    assert os.WEXITSTATUS(status) == 0, "the child raised: see stderr"
    return True


def killed_at(database_url: str, boundary: int, work: Work) -> bool:
    """Do `work` in a child killed −9 at that boundary; False: it has fewer of them and finished."""
    return not finished(start(database_url, work, boundary=boundary))


def boundaries(database_url: str, work: Work) -> list[str]:
    """What `work` does on this database, in order: each statement's first words, and `COMMIT`. Boundary 1 is the first."""
    engine, seen = make_engine(database_url), list[str]()
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(" ".join(given[2].split()[:3])))
    event.listen(engine, "commit", lambda *_: seen.append("COMMIT"))
    work(engine)
    engine.dispose()
    return seen
