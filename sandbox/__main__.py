"""`python -m sandbox`: a Telegram of one's own until Ctrl-C."""

import argparse
import asyncio
import contextlib
import gc
import signal
import sys
from datetime import UTC, datetime


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--token", action="append", default=[], help="register a bot with this token (repeatable)")
    parser.add_argument("--no-flood", action="store_true", help="switch the flood windows off")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster its clock runs")
    parser.add_argument("--start", type=moment, help="its clock's first moment, in ISO 8601")
    options = parser.parse_args()
    try:
        asyncio.run(serve(options))
    except OSError as error:
        reason = error.strerror or error
        sys.stderr.write(f"sandbox cannot listen on {options.host}:{options.port}: {reason}\n")
        return 1
    # Tearing Telegram's types down object by object takes most of a second, and nobody is left to need it.
    gc.disable()
    gc.freeze()
    return 0


def moment(text: str) -> datetime:
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def serve(options: argparse.Namespace) -> None:
    # Importing Telegram's types takes seconds: a wrong option should be told before.
    from sandbox.refusals import ControlError
    from sandbox.server import start

    # Messages are kept for good, so looking through them for garbage again and again is wasted time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    try:
        async with start(
            host=options.host,
            port=options.port,
            tokens=options.token,
            flood=not options.no_flood,
            speed=options.speed,
            begin=options.start,
        ) as sandbox:
            sys.stdout.write(f"sandbox listening on {sandbox.url}\n")
            sys.stdout.flush()
            await stop.wait()
    except ControlError as error:
        raise SystemExit(f"sandbox: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
