"""What a server keeps out of its memory that only answers Label Studio and shows pages."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from support.pages import Pages
from support.place import CREATED
from support.server import ROOT
from support.wire import CONFIG
from support.world import World

CHILD = """
import json, re, sys
from ml_backend.container import Container
from ml_backend.settings import Settings
from ml_backend.web import create_app

asked = json.load(sys.stdin)
container = Container(Settings.from_env(asked["environment"]))
client = create_app(container).test_client()
form = client.get("/ui/sign-in").get_data(as_text=True)
csrf = re.search(r'name="csrf_token" value="([^"]+)"', form).group(1)
token = asked["environment"]["LABEL_STUDIO_API_KEY"]
signed_in = client.post("/ui/sign-in", data={"token": token, "csrf_token": csrf})
said = {"sign in": signed_in.status_code}
said["GET /health"] = client.get("/health").status_code
for _ in range(2):
    said["POST /setup"] = client.post("/setup", json=asked["setup"]).status_code
early = sorted(name for name in sys.modules if name.startswith("ml_backend.llm."))
for path, fields in asked["pages"]:
    said[path] = client.get(path, query_string=fields).status_code
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"said": said, "loaded": loaded, "early": early}))
"""
HEAVY = ("label_studio_sdk", "sklearn", "google", "litellm", "anthropic")
ASKING = "ml_backend.llm.refusals"
"""Its patterns take a tenth of a second to compile: for those who ask a model."""


@pytest.mark.slow
def test_answering_label_studio_and_showing_pages_loads_no_sdk(pages: Pages) -> None:
    """It takes 50 MB and 1.5 s, which a server that changes nothing can do without."""
    world = World(pages)
    settings = pages.container.settings
    environment = {
        "LABEL_STUDIO_URL": settings.label_studio_url,
        "LABEL_STUDIO_API_KEY": settings.label_studio_api_key,
        "DATA_DIR": str(settings.data_dir),
        "OPENAI_BASE_URL": pages.simulator.url,
        "OPENAI_MODEL": "simulated",
        "OPENAI_API_KEY": "sk-a-secret-key",
    }
    setup = {
        "project": f"{pages.project}.{CREATED}",
        "schema": CONFIG,
        "hostname": "http://localhost:8080",
        "access_token": "a-legacy-token",
        "extra_params": None,
    }
    calls = [
        call for call in world.calls() if call.method == "GET" and call.endpoint != "ui.unknown"
    ]
    asked = {
        "environment": environment,
        "setup": setup,
        "pages": [(call.path, call.fields) for call in calls],
    }
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=ROOT,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    answer = json.loads(done.stdout)
    assert len(answer["said"]) > 30
    refused = {path: code for path, code in answer["said"].items() if code not in (200, 303)}
    assert refused == {}
    assert [name for name in HEAVY if name in answer["loaded"]] == []
    assert [name for name in answer["early"] if name.startswith(ASKING)] == []


@pytest.mark.slow
def test_what_keeps_the_workers_loads_nothing_that_only_they_need() -> None:
    """It stands beside each server for as long as that runs, and answers nobody."""
    program = "import ml_backend.web.serve, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=240
    )
    loaded = done.stdout.split()
    assert "ml_backend.web.serve" in loaded, done.stderr
    needless = ("ml_backend.labeling", "ml_backend.store", "lxml", "sqlalchemy", "flask", *HEAVY)
    assert [name for name in needless if name in loaded] == []
