"""The timetable: what is asked how often. A tick is a question, not a command: the rows say whether anything is due."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """One job: its task's name, and the seconds between questions. While one waits, asking again adds nothing."""

    name: str
    every: int
    about: str
    alone: bool = True
    """Never two of it at once: else a slow one would fill the worker with its like."""

    @property
    def lock(self) -> str | None:
        """What a running one holds, also after its worker died, until `stalled` frees it; so that one holds none."""
        return self.name if self.alone else None


TIMETABLE = (
    Job("replies", 15, "replies that a process which died left behind"),
    Job("offers", 15, "offers that are due, and batches that may leave", alone=False),
    Job("rounds", 60, "ended months without a finished round"),
    Job("previews", 60, "dry runs of rounds that colleagues asked for"),
    Job("reminders", 300, "kept claims that end soon"),
    Job("pushes", 60, "notices that can't wait for a reply any longer"),
    Job("menus", 60, "people whose rich menu is not the one they should see"),
    Job("parked", 60, "events that failed for a passing reason"),
    Job("uploads", 60, "files handed in to be imported"),
    Job("tidy", 3600, "old turns and finished jobs"),
    Job("stalled", 30, "tasks whose worker died", alone=False),
)
