"""The command line in this process."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from ml_backend.cli import cli
from ml_backend.cli.app import App
from support.fake_label_studio import FakeLabelStudio
from support.server import SETTINGS
from support.simulator import Simulator

CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="topic" toName="text"><Choice value="A"/><Choice value="B"/></Choices></View>"""
LABEL = "Topic__Version 1"


class Terminal:
    """Runs commands as a person without a terminal would; nobody can be asked."""

    def __init__(self, fake: FakeLabelStudio, model: Simulator, folder: Path) -> None:
        self.fake = fake
        self.model = model
        self.settings = {
            **dict.fromkeys(SETTINGS),
            "LABEL_STUDIO_URL": fake.url,
            "LABEL_STUDIO_API_KEY": fake.token,
            "DATA_DIR": str(folder / "data"),
            "OPENAI_BASE_URL": model.url,
            "OPENAI_MODEL": "gpt-4o-mini",
            "PORT": "1",
        }

    def run(self, *arguments: str | int, code: int = 0, stdin: str = "", **settings: str) -> Result:
        """Run a command and assert its exit code."""
        result = CliRunner().invoke(
            cli,
            [str(each) for each in arguments],
            input=stdin,
            env={**self.settings, **settings},
            obj=App(),
        )
        assert result.exit_code == code, f"{result.exit_code}: {result.stdout}\n{result.stderr}"
        return result

    def json(self, *arguments: str | int, **more: Any) -> Any:
        """Run a command with ``--json`` and return its one document."""
        return json.loads(self.run(*arguments, "--json", **more).stdout)

    def held(self) -> Counter[str | None]:
        """Model version -> predictions in the fake Label Studio."""
        return Counter(row["model_version"] for row in self.rows("predictions"))

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows = self.fake.state()[table]
        return list(rows.values()) if isinstance(rows, dict) else list(rows)
