"""Guards between strangers and the bot, and around the embedded server."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

STRANGERS, LANES, AGAIN = "serving/test_strangers.py::", "serving/test_lanes.py::", "database/test_restarting.py::"
MUTANTS = (
    Mutant(
        "headers without a deadline",
        "the deadline of headers",
        "serving/reading.py",
        "return now - self.begun > HEADER_SECONDS",
        "return False",
        (f"{STRANGERS}test_a4_a_header_has_a_deadline_however_steadily_it_comes",),
    ),
    Mutant(
        "bodies without a deadline",
        "the deadline of bodies",
        "serving/reading.py",
        "return now - self.begun > BODY_SECONDS + request.body_bytes_received / BODY_RATE",
        "return False",
        (f"{STRANGERS}test_a4_a_body_has_a_deadline_however_steadily_it_comes",),
    ),
    Mutant(
        "a body of any size",
        "the limit of a route",
        "serving/limits.py",
        "    if not in_console(path) or path.startswith(SIGN_IN) or not signed_in():\n        return SMALL\n",
        "",
        (f"{LANES}test_a4_each_route_has_its_own_limit",),
    ),
    Mutant(
        "no lingering",
        "what is thrown away after a refusal",
        "serving/reading.py",
        "if self.refused and not self.lingering and self.connected:",
        "if False:",
        (f"{STRANGERS}test_a4_a_sender_of_95_megabytes_reads_why_it_is_refused",),
    ),
    Mutant(
        "connections without end",
        "the bound on connections",
        "serving/worker.py",
        "if len(self.active_channels) >= CONNECTIONS:",
        "if False:",
        (f"{STRANGERS}test_a4_hundreds_of_idle_connections_cost_nothing",),
    ),
    Mutant(
        "everybody in the bot's lane",
        "threads of their own",
        "serving/lanes.py",
        "    if not in_console(path):\n        return PAGES\n",
        "    if path:\n        return WEBHOOK\n",
        (f"{LANES}test_a4_each_kind_of_request_has_threads_of_its_own",),
    ),
    Mutant(
        "the port left as it is",
        "those who wait at the port of an ending server",
        "serving/worker.py",
        "                self._close()\n",
        "",
        ("serving/test_ending.py::test_g10_sigterm_under_load_breaks_no_connection",),
    ),
    Mutant(
        "nobody starts it again",
        "the server's coming back",
        "database/restarting.py",
        "            if busy or time.monotonic()",
        "            if busy or True or time.monotonic()",
        (f"{AGAIN}test_d2_a_killed_server_comes_back_under_webhooks_and_nothing_is_lost",),
    ),
    Mutant(
        "a stop is no stop",
        "respect for a stop on purpose",
        "database/restarting.py",
        "                    if embedded.stopped_since(self._data_dir, self._began):",
        "                    if False:",
        (f"{AGAIN}test_d2_a_program_that_begins_after_a_stop_starts_it",),
    ),
    Mutant(
        "everybody starts it",
        "one at a time",
        "database/restarting.py",
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        (f"{AGAIN}test_d2_of_many_processes_one_starts_it",),
    ),
    Mutant(
        "again and again at once",
        "pauses between starts",
        "database/restarting.py",
        "        while (now := embedded.clock()) < due:\n            time.sleep(min(0.5, due - now))\n",
        "        now = embedded.clock()\n",
        (f"{AGAIN}test_d2_a_server_that_never_comes_up_is_tried_ever_more_rarely",),
    ),
)
