"""The process that a local model answers in: xllamacpp's own OpenAI-compatible server.

Started by ``child.py`` by this file's path, in isolation: it imports nothing of ours. Its first
line of stdin says what to serve; it answers with a line on stdout, and ends when stdin does,
which it does with the process that started it, ``kill -9`` included.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any


def main() -> None:
    wanted = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # llama.cpp may print; stdout is for one line of ours.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        server = _serve(wanted)
    except Exception as error:  # whatever a native parser makes of a file
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    print(json.dumps({"url": server.listening_address}), file=answer, flush=True)
    threading.Event().wait()


def _serve(wanted: dict[str, Any]) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = wanted["model"]
    params.api_keys = [wanted["key"]]
    params.port = 0  # any that is free; the host is 127.0.0.1
    params.n_parallel = wanted["slots"]
    params.n_ctx = wanted["context"] * wanted["slots"]
    params.n_threads_http = wanted["slots"] + 2
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = wanted["threads"]
    # Nothing is looked at, fetched or kept beside the model.
    params.ui = params.endpoint_slots = params.endpoint_props = False
    params.offline = True
    params.cache_ram_mib = 0
    params.warmup = False
    params.verbosity = 1
    return xllamacpp.Server(params)


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
