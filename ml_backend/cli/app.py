"""What all commands share: the container, ``--json``, output, errors and the way to ask first."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any

import click

from ml_backend.cli.next_steps import WORDS, for_command_line
from ml_backend.errors import InvalidInput, PromptsError
from ml_backend.next_steps import in_words_throughout

if TYPE_CHECKING:
    from rich.console import Console

    from ml_backend.container import Container
    from ml_backend.labelstudio import Project
    from ml_backend.services.writing.patience import Patience
    from ml_backend.settings import Settings

PATIENCE_SECONDS = 600.0
PIPED_WIDTH = 200


class App:
    """One invocation: documents and tables on stdout, everything else on stderr."""

    def __init__(self) -> None:
        self.as_json = False
        self.says_folder = True
        """Whether a data folder that nobody named is said when it is opened."""
        self._container: Container | None = None
        self._stop = threading.Event()

    @property
    def container(self) -> Container:
        """The parts, opened on first use from the environment."""
        if self._container is None:
            from ml_backend.container import Container
            from ml_backend.settings import Settings

            settings = Settings.from_env()
            if self.says_folder:
                self._say_folder(settings)
            self._container = Container(settings)
        return self._container

    def _say_folder(self, settings: Settings) -> None:
        """Say where the data is: when it begins, and where it depends on where one stands."""
        if settings.is_data_found_here:
            self.note(f"Data: {settings.data_dir}, for it stands in the current folder.")
        elif settings.is_data_new:
            self.note(f"A new data folder: {settings.data_said()}.")

    def project(self, ref: str) -> Project:
        """Return the project of an id or exact title."""
        return self.container.studio.find_project(ref)

    def patience(self) -> Patience:
        """Return the patience of a command at work: ten minutes, saying what it waits for."""
        from ml_backend.services.writing.patience import Patience

        said = ""

        def say(text: str) -> None:
            nonlocal said
            kind = re.sub(r"\d+", "", text)  # a countdown is said once
            if kind != said:
                self.note(text)
            said = kind

        return Patience(say, self._stop, give_up_after=PATIENCE_SECONDS)

    def close(self) -> None:
        """Let go of everything that was opened."""
        self._stop.set()
        if self._container is None:
            return
        self._container.close()
        opened = self._container.__dict__
        if "models" in opened:
            self._container.loop.run(self._container.models.close())
        if "studio" in opened:
            self._container.studio.close()
        if "store" in opened:
            self._container.store.close()

    # Output

    def document(self, value: Any) -> None:
        """Print the one JSON document of ``--json``."""
        said = in_words_throughout(value, WORDS)
        click.echo(json.dumps(said, indent=2, ensure_ascii=False, default=str))

    def note(self, text: str) -> None:
        """Say something to the person, beside the output."""
        if text:
            click.echo(for_command_line(text), err=True)

    @property
    def is_terminal(self) -> bool:
        """Whether a person sees stderr, so that lines may be redrawn."""
        return sys.stderr.isatty()

    def console(self, *, stderr: bool = False) -> Console:
        from rich.console import Console

        console = Console(stderr=stderr, highlight=False)
        if not console.is_terminal:
            console.width = PIPED_WIDTH
        return console

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        *,
        title: str = "",
        empty: str = "None.",
        numbers: Sequence[str] = (),
        stderr: bool = False,
    ) -> None:
        """Print a table; ``numbers`` are the columns set to the right."""
        from rich.markup import escape
        from rich.table import Table

        listed = [[escape(for_command_line(_cell(value))) for value in row] for row in rows]
        if not listed:
            click.echo(empty, err=stderr)
            return
        table = Table()
        for name in columns:
            table.add_column(name, justify="right" if name in numbers else "left")
        for row in listed:
            table.add_row(*row)
        if title:
            click.secho(title, bold=True, err=stderr)
        self.console(stderr=stderr).print(table)

    def show_error(self, error: PromptsError) -> None:
        """Show what happened and the next step."""
        if self.as_json:
            field = error.field if isinstance(error, InvalidInput) else ""
            self.document({"error": {"message": error.message, "fix": error.fix, "field": field}})
            return
        click.secho(f"Error: {for_command_line(error.message)}", fg="red", err=True)
        if error.fix:
            click.echo(for_command_line(error.fix), err=True)

    # Asking first

    def go_ahead(
        self,
        question: str,
        *,
        plan: dict[str, Any],
        show: Callable[[bool], None],
        yes: bool,
        dry_run: bool = False,
    ) -> bool:
        """Show what would be done and return whether to do it.

        ``show(stderr)`` prints the plan for people, ``plan`` is its document. Where nobody can be
        asked and there was no ``--yes``, exits with 2.
        """
        can_ask = sys.stdin.isatty() and sys.stderr.isatty()
        ends_here = dry_run or not (yes or can_ask)
        if ends_here and self.as_json:
            self.document(plan)
        else:
            show(self.as_json)
        if dry_run:
            self.note("Nothing was changed: this was a dry run.")
            return False
        if yes:
            return True
        if not can_ask:
            self.note("Nothing was changed: nobody can be asked here. Repeat it with --yes.")
            click.get_current_context().exit(2)
        if click.confirm(question, default=False, err=True):
            return True
        self.note("Nothing was changed.")
        return False


class Command(click.Command):
    """A command with ``--json``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(
                ["--json", "as_json"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_set_json,
                help="Print one JSON document on stdout.",
            )
        )


class Group(click.Group):
    """A group whose commands have ``--json``."""

    command_class = Command


def ids(value: str) -> list[int]:
    """Parse numbers with commas between, as in ``1,2,3``."""
    try:
        numbers = [int(part) for part in value.split(",") if part.strip()]
    except ValueError:
        numbers = []
    if not numbers:
        raise click.BadParameter(f"{value!r} is not a list of task ids such as 1,2,3.")
    return numbers


def json_object(value: str) -> dict[str, Any]:
    """Parse a JSON object."""
    try:
        parsed = json.loads(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not JSON: {error}.") from error
    if not isinstance(parsed, dict):
        raise click.BadParameter(f"{value!r} is not a JSON object.")
    return parsed


def read_text(file: IO[str], most: int = -1) -> str:
    """Return what a file holds, ``most`` characters of it; BadParameter when that is not text."""
    try:
        return file.read(most)
    except UnicodeDecodeError as error:
        raise click.BadParameter(
            f"{file.name!r} is not text in UTF-8.", param_hint="'--file'"
        ) from error


def version_name(version: str | None) -> str:
    """Return a model version as tables show it, quoted where its ends would not be seen."""
    if version is None:
        return "(without a version)"
    return version if version and version == version.strip() else repr(version)


pass_app = click.make_pass_decorator(App)


def _set_json(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(App).as_json = True


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
