"""The SDK's client is loaded without pandas, which is there for whoever asks for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from support.server import ROOT

CHILD = """
import json, sys
from ml_backend.labelstudio.lazy_sdk import sdk_client

client = sdk_client()(base_url="http://127.0.0.1:9", api_key="nobody's")
client.projects, client.predictions, client.actions, client.annotations
before = "pandas" in sys.modules
table = client.projects.exports._bytestream_to_pandas([b"a,b\\n1,2\\n"])
import pandas
print(json.dumps({"before": before, "real": isinstance(table, pandas.DataFrame)}))
"""


@pytest.mark.slow
def test_pandas_is_loaded_by_the_first_that_calls_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"before": False, "real": True}
