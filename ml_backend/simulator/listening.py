"""The simulated server on a port, of whichever process."""

from __future__ import annotations

from aiohttp import web


async def listen(app: web.Application, host: str, port: int) -> tuple[web.AppRunner, str]:
    """Return what to clean up at the end, and the address models are asked at."""
    # Cancelled with the client's departure, a hanging call stops counting as in flight.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, host, port, backlog=2048).start()
    return runner, f"http://{host}:{runner.addresses[0][1]}/v1"
