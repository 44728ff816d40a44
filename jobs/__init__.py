"""Work by the clock: the timetable, its tasks, and `python -m jobs`."""
