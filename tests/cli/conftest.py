"""The command line in this process, over a fake Label Studio and a simulated model."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.fake_label_studio import FakeLabelStudio
from support.simulator import Simulator
from support.terminal import CONFIG, Terminal


@pytest.fixture
def model(simulator: Simulator) -> Simulator:
    return simulator


@pytest.fixture
def terminal(fake: FakeLabelStudio, model: Simulator, data_dir: Path) -> Terminal:
    return Terminal(fake, model, data_dir.parent)


@pytest.fixture
def mails(terminal: Terminal) -> list[int]:
    """The project "Mails" with four tasks, two of them with ground truth A, and a prompt."""
    region = {
        "from_name": "topic",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": ["A"]},
    }
    truth = {"annotations": [{"result": [region], "ground_truth": True}]}
    tasks = [{"data": {"text": f"mail {n}"}, **(truth if n < 2 else {})} for n in range(4)]
    _, ids = terminal.fake.seed(CONFIG, tasks, title="Mails")
    terminal.run("prompts", "create", "Topic", "--project", "Mails", "--text", "Topic of {text}?")
    return ids
