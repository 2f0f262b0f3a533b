"""Stands in for the process of a local model: the same words on its pipes, without llama.cpp.

Run by its path as ``ml_backend/llm/local/serving.py`` is. A model file whose text has "broken" is
not served; a question with "die" in it ends the process, one with "tell" gets what it was told.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def main() -> None:
    wanted = json.loads(sys.stdin.buffer.readline())
    if "broken" in Path(wanted["model"]).read_text():
        print("loading model", file=sys.stderr)
        print("tensor 'blk.0' has wrong shape", file=sys.stderr, flush=True)
        os._exit(1)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Authorization"] != f"Bearer {wanted['key']}":
                self.answer(401, {"error": {"message": "Invalid API Key"}})
                return
            said = json.loads(body)["messages"][-1]["content"]
            if "die" in said:
                os._exit(3)
            told = {name: each for name, each in wanted.items() if name != "key"}
            text = json.dumps(told if "tell" in said else {"topic": "other", "spans": None})
            choice = {"index": 0, "finish_reason": "stop", "message": {"content": text}}
            self.answer(200, {"choices": [choice], "usage": {"completion_tokens": 3}})

        def answer(self, status: int, document: object) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
