"""The command line, `ls-prompts`: every command is a thin face of the services."""

from __future__ import annotations

import getpass
import importlib
import logging
from typing import Any

import click

from ml_backend import __version__
from ml_backend.acting import Actor, acting_as
from ml_backend.cli.app import App, Group
from ml_backend.errors import PromptsError
from ml_backend.web.server import logs

LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"]

log = logging.getLogger(__name__)

COMMANDS = {
    "serve": ("server", "Run the server: API, ML backend and the runs' engine."),
    "doctor": ("server", "Check everything the server needs, and say how to mend it."),
    "demo": ("demo", "Show everything on a real Label Studio made for the purpose."),
    "connect": ("connect", "Connect a project to this server as its ML backend, or mend that."),
    "disconnect": ("connect", "Disconnect a project, its webhook included."),
    "connections": ("connections", "Model providers: their keys, endpoints and prices."),
    "audit": ("upkeep.audit", "Who deleted, promoted, marked truth, changed keys and spent."),
    "erase": ("upkeep.erase", "Erase what is kept of a project, a task or a person."),
    "keys": ("upkeep.keys", "The key that encrypts what is stored: change it."),
    "models": ("models", "The small model that answers on this machine: add, list, remove."),
    "prompts": ("prompts.prompts", "Prompts: what to label, and how."),
    "versions": ("prompts.versions", "Versions of a prompt, each with its model."),
    "try": ("prompts.try_task", "Ask one task, without a run: what a text would be answered."),
    "estimate": ("estimate", "Say what a run would cost."),
    "run": ("run", "Get predictions from a prompt for a project's tasks."),
    "evaluate": ("run", "Measure a prompt on ground truth."),
    "runs": ("runs", "Watch, cancel and resume runs; see why tasks failed."),
    "ground-truth": (
        "predictions.ground_truth",
        "Mark annotations as ground truth, list what is marked.",
    ),
    "predictions": ("predictions.predictions", "List, delete and promote predictions in bulk."),
    "promises": (
        "predictions.promises",
        "Label a sample blind, to know what may be accepted without a look.",
    ),
}
"""Command -> its module and what ``--help`` says: nothing is imported for a list of commands."""


ATTRIBUTES = {"try": "try_task"}
"""Commands whose names are words of Python."""


class Root(Group):
    """The group of all commands, each imported when it is called; the one place errors end."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"{__name__}.commands.{COMMANDS[name][0]}")
        command: click.Command = getattr(module, ATTRIBUTES.get(name, name.replace("-", "_")))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        app = ctx.ensure_object(App)
        ctx.call_on_close(app.close)
        try:
            with acting_as(Actor("command line", name=user_name())):
                return super().invoke(ctx)
        except PromptsError as error:
            app.show_error(error)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # the last net: a person gets a word, not a traceback
            log.debug("unexpected error", exc_info=True)
            app.show_error(
                PromptsError(
                    f"Something unexpected went wrong: {type(error).__name__}: {error}",
                    fix="Run it again with `ls-prompts --log-level DEBUG …` to see where.",
                )
            )
        return ctx.exit(1)


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ls-prompts")
@click.option(
    "--log-level",
    type=click.Choice(LEVELS, case_sensitive=False),
    metavar=f"[{'|'.join(LEVELS)}]",
    default="WARNING",
    show_default=True,
    help="What to log on stderr; `serve` has LOG_LEVEL for it.",
)
def cli(log_level: str) -> None:
    """Prompts for Label Studio: predictions from an LLM prompt, versioned, evaluated, promoted.

    Settings come from the environment: LABEL_STUDIO_URL, LABEL_STUDIO_API_KEY and a model
    (OPENAI_API_KEY, or OPENAI_BASE_URL; without one the offline baseline answers).

    \b
    Examples:
      ls-prompts doctor
      ls-prompts prompts create "Topic" --project 3 --text "Which topic is {text} about?"
      ls-prompts evaluate Topic --project 3
      ls-prompts run Topic --project 3
      ls-prompts predictions promote --project 3 --prompt Topic --all
    """
    if not logging.getLogger().handlers:
        logs.configure(log_level.upper(), "text")


def user_name() -> str:
    """Return how this machine calls who types."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user has no name
        return ""


def main() -> None:
    """Run the command line and exit with its status."""
    cli(prog_name="ls-prompts")
