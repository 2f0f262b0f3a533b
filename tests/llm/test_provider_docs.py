"""The pages about providers say what the providers' facts say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from ml_backend.llm import facts_of, provider_modules
from ml_backend.llm.presets import PRESETS
from ml_backend.records import ProviderName
from ml_backend.services.callers.connection_fields import FIELDS


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "scripts" / "provider_docs.py"
    spec = importlib.util.spec_from_file_location("provider_docs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_those_of_the_facts(script: ModuleType) -> None:
    for page, lines in (
        (script.INDEX, script.provider_lines),
        (script.PAGE, script.preset_lines),
    ):
        text = page.read_text()
        assert text == script.renewed(text, lines()), "run: make docs"


def test_every_field_of_every_provider_has_words_on_all_faces() -> None:
    known = [facts_of(name) for name in ProviderName if name.lower() in provider_modules()]
    names = {each for facts in known for each in (*facts.needs, *facts.takes, *facts.secrets)}
    assert names <= FIELDS.keys()
    told = [*(facts for facts in known if facts.documentation), *PRESETS.values()]
    lacking = [each.name for each in told if not each.documented or not each.looked_up]
    assert lacking == []
