"""`python -m simulator --webhook URL --secret S`: the LINE platform on a port of this machine."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from simulator.inprocess import Simulator
from simulator.owner import Owner, link


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description="A LINE platform on this machine.")
    parser.add_argument("--webhook", help="where the bot takes its events, e.g. http://127.0.0.1:5000/callback")
    parser.add_argument("--secret", required=True, help="the channel secret the bot checks signatures with")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (this machine only unless changed)")
    parser.add_argument("--token", help="the only channel access token accepted (default: any)")
    parser.add_argument("--channel-id", default="2000000000", help="for issuing tokens")
    parser.add_argument("--bot-name", default="Bot")
    parser.add_argument("--clock-url", help="told {now, offset_seconds} whenever the clock is moved")
    parser.add_argument("--start-over-url", help="POST there starts everything over, GET tells how far it is")
    parser.add_argument(
        "--link", type=link, action="append", default=[], metavar="NAME=ADDRESS", help="beside the phones"
    )
    parser.add_argument("--seed", type=int, default=1, help="of all randomness")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Runs until interrupted."""
    options = parse(arguments)
    simulator = Simulator(
        options.webhook,
        options.secret,
        token=options.token,
        bot_name=options.bot_name,
        clock_url=options.clock_url,
        seed=options.seed,
        host=options.host,
        port=options.port,
        channel_id=options.channel_id,
        owner=Owner(options.start_over_url, tuple(options.link)),
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        simulator.start()
    except OSError as error:
        print(f"Port {options.port} cannot be opened: {error}", file=sys.stderr)
        return 1
    print(f"LINE simulator: phones at {simulator.url}/ , LINE_API_URL={simulator.url}", flush=True)
    stop.wait()
    simulator.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
