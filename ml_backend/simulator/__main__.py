"""``python -m ml_backend.simulator``: serve until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from collections.abc import Sequence

from aiohttp import web

from ml_backend.simulator.behaviour import FORMS, Behaviour
from ml_backend.simulator.certainty import read_certainty
from ml_backend.simulator.listening import listen
from ml_backend.simulator.server import build_app


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve; the first line printed says where."""
    parser = argparse.ArgumentParser(prog="python -m ml_backend.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8700, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds a call takes")
    parser.add_argument("--jitter", type=float, default=0.0, help="share of it that varies, 0..1")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other answers")
    parser.add_argument("--form", choices=FORMS, default=FORMS[0], help="the best form it knows")
    parser.add_argument(
        "--confidence",
        type=json.loads,
        metavar="JSON",
        help="how often it is right and how well its confidence (log-probabilities, and what it "
        'rates itself) tells, e.g. {"accuracy": 0.85, "auroc": 0.9, "sharpness": 2, "bias": 0, '
        '"steps": 0, "marker": "truth:"}: the right class stands after the marker in the task; a '
        "sharpness above 1 is overconfident, below 1 underconfident, bias shifts the logit",
    )
    parser.add_argument("--key", default="", help="the only key it takes; any without this")
    options = parser.parse_args(arguments)
    behaviour = Behaviour(
        latency=options.latency,
        jitter=options.jitter,
        form=options.form,
        confidence=read_certainty(options.confidence),
    )
    app = build_app(behaviour, seed=options.seed, key=options.key)
    asyncio.run(_serve(app, options.host, options.port))


async def _serve(app: web.Application, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    runner, address = await listen(app, host, port)
    print(f"listening on {address}", flush=True)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    main()
