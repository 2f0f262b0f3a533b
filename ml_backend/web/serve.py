"""The server process: gunicorn with threads, embedded or started as ``gunicorn _wsgi:app``.

The master only minds its workers; every worker makes its own container and starts its own engine
after the fork, so runs left behind are picked up without any request. Claims in the store let one
engine have a run. ``gunicorn.conf.py`` gives the command line the same options, and is read from
the working directory; ``--preload`` is refused, since threads do not survive the fork.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ml_backend import __version__
from ml_backend.errors import InvalidInput, PromptsError
from ml_backend.next_steps import Step
from ml_backend.records import ProviderName
from ml_backend.services.health.page_assets import lacking
from ml_backend.settings import EVERYWHERE, Settings
from ml_backend.web.server import logs
from ml_backend.web.server.garbage import spare_what_lasts
from ml_backend.web.server.next_steps import for_api
from ml_backend.web.server.worker_guard import LEAVE_SECONDS, WorkerGuard

if TYPE_CHECKING:
    from flask import Flask
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

log = logging.getLogger(__name__)

REQUEST_SLACK = 30
OURS_ALONE = 0o077
"""What the server writes, databases and temporary files alike, nobody else may read."""

SWITCH_SECONDS = 0.001
KEEP_ALIVE_SECONDS = 75
"""Longer than clients keep an idle connection (httpx 5 s, aiohttp 15, nginx 60): when the server is
the first to close one, a request on its way there is lost, and a POST is not sent again."""

MOST_CONNECTIONS = 1000
"""Open ones of a worker, event streams among them; the next one takes the place of another."""


def run(settings: Settings) -> None:
    """Serve until told to stop; raises InvalidInput when the settings do not allow it."""
    settings.require_safe_host()
    check(settings)
    os.umask(OURS_ALONE)
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in options(settings).items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            return application(settings)

    Server().run()


def check(settings: Settings) -> None:
    """Raise what would keep every worker from starting, before there are any."""
    settings.require_label_studio()
    settings.prepare_data_dir()


def application(settings: Settings) -> Flask:
    """Return the WSGI app of one worker process, with its engine at work."""
    from ml_backend.container import Container
    from ml_backend.web import create_app

    os.umask(OURS_ALONE)
    logs.configure(settings.log_level, settings.log_format)
    # A run keeps the interpreter busy: a request must not wait 5 ms for each of its turns.
    sys.setswitchinterval(SWITCH_SECONDS)
    container = Container(settings)
    app = create_app(container)
    container.engine.start()
    for repeater in container.repeaters:
        repeater.start()
    threading.Thread(target=container.backend.warm_up, name="warm-up", daemon=True).start()
    return app


def application_from_environment() -> Flask:
    """Return the app for ``gunicorn _wsgi:app``; a wrong setting ends it with its message alone."""
    try:
        settings = Settings.from_env()
        check(settings)
        return application(settings)
    except PromptsError as error:
        from gunicorn.errors import AppImportError

        raise AppImportError(for_api(str(error))) from error


def options(settings: Settings) -> dict[str, Any]:
    """Return gunicorn's options by their names."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return {
        "bind": f"{host}:{settings.port}",
        "workers": settings.workers,
        "worker_class": _worker_class(),
        "worker_connections": MOST_CONNECTIONS,
        "threads": settings.threads,
        "timeout": int(settings.predict_deadline) + REQUEST_SLACK,
        "graceful_timeout": int(LEAVE_SECONDS) + 1,
        "keepalive": KEEP_ALIVE_SECONDS,
        "loglevel": settings.log_level.lower(),
        "logger_class": _logger_class(settings),
        "control_socket_disable": True,
        "proc_name": "ls-prompts",
        **_hooks(settings),
    }


def _worker_class() -> type:
    from ml_backend.web.listening.worker import PatientWorker

    return PatientWorker


def _hooks(settings: Settings) -> dict[str, Callable[..., None]]:
    def on_starting(server: Arbiter) -> None:
        _refuse_unsafe(server, settings)

    def when_ready(server: Arbiter) -> None:
        print(greeting(settings, _addresses(server)), flush=True)

    def post_worker_init(worker: Worker) -> None:
        from ml_backend.web.server.services import EXTENSION

        worker.guard = WorkerGuard(worker, worker.wsgi.extensions[EXTENSION])
        worker.guard.start()
        worker.folder = str(settings.data_dir)
        spare_what_lasts()

    def worker_exit(_server: Arbiter, worker: Worker) -> None:
        guard = getattr(worker, "guard", None)
        if guard is not None:
            guard.leave()

    return {
        "on_starting": on_starting,
        "when_ready": when_ready,
        "post_worker_init": post_worker_init,
        "worker_exit": worker_exit,
    }


def _refuse_unsafe(server: Arbiter, settings: Settings) -> None:
    """End a server that a gunicorn command line opened up or preloaded."""
    try:
        for address in server.cfg.address:
            if isinstance(address, tuple):
                settings.model_copy(update={"host": address[0]}).require_safe_host()
        if server.cfg.preload_app:
            raise InvalidInput(
                "--preload does not work here: the app starts threads, which a fork loses.",
                field="--preload",
                fix="Leave it out.",
            )
    except InvalidInput as error:
        print(error, file=sys.stderr, flush=True)
        raise SystemExit(1) from error


def _addresses(server: Arbiter) -> list[str]:
    found = []
    for listener in server.LISTENERS:
        name = listener.getsockname()
        if isinstance(name, tuple):
            host = "127.0.0.1" if name[0] == EVERYWHERE else name[0]
            found.append(f"http://{f'[{host}]' if ':' in host else host}:{name[1]}")
        else:
            found.append(str(name))
    return found


def greeting(settings: Settings, addresses: list[str]) -> str:
    """Return what a person reads when the server is up."""
    model = settings.default_connection()
    if model.provider is ProviderName.BASELINE:
        named = "none: the offline baseline answers (set OPENAI_API_KEY for a real model)"
    else:
        where = f" at {model.endpoint}" if model.endpoint else ""
        named = f"{model.default_model or 'named by each version'}, {model.provider.value}{where}"
    url = addresses[0] if addresses else ""
    auth = ", with the user and password of BASIC_AUTH_*" if settings.basic_auth_user else ""
    return (
        f"Prompts for Label Studio {__version__} is up at {' and '.join(addresses)}\n"
        f"  Label Studio  {settings.label_studio_url}\n"
        f"  Model         {named}\n"
        f"  Data          {settings.data_said()}\n"
        f"  Pages         {url}/ui{_pages_said()}\n"
        f"  Connect       project > Settings > Model > Connect Model: {url}{auth}"
    )


def _pages_said() -> str:
    missing = lacking()
    return f"\n                {missing} {for_api(Step.BUILD_PAGES())}" if missing else ""


def _logger_class(settings: Settings) -> type:
    from gunicorn.glogging import Logger

    class Log(Logger):  # type: ignore[misc]
        """gunicorn's own lines, in the form of all the others."""

        def setup(self, cfg: Any) -> None:
            super().setup(cfg)
            logs.configure(settings.log_level, settings.log_format)
            for logger in (self.error_log, self.access_log):
                logger.handlers[:] = []
                logger.propagate = True
            # Its start and stop lines say nothing that ours do not.
            self.error_log.setLevel(max(logging.WARNING, self.error_log.level))

    return Log
