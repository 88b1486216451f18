"""A stand-in for the Hugging Face hub on this machine: it takes a repository and its files, and keeps what it was sent.

Only what an upload needs: making a repository, asking which files go by LFS, LFS itself, and the commit.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml


class Hub:
    """What was sent to it."""

    def __init__(self) -> None:
        self.url = ""
        self.made: dict[str, bool] = {}
        """By repository: whether it is private."""
        self.files: dict[str, bytes] = {}
        """By path in the repository."""
        self.keys: set[str] = set()
        """Authorization headers that came."""
        self.requests: list[str] = []
        self._objects: dict[str, bytes] = {}

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """Status and JSON for a request."""
        self.requests.append(f"{method} {path}")
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = "/".join(filter(None, (asked.get("organization"), asked["name"])))
            self.made[name] = asked.get("private") is True or asked.get("visibility") == "private"
            return 200, {"url": f"{self.url}/{name}", "name": name, "id": name}
        if path == "/api/validate-yaml":
            yaml.safe_load(json.loads(body)["content"].split("---")[1])
            return 200, {"errors": [], "warnings": []}
        if re.fullmatch(r"/api/models/.+/preupload/main", path):
            wanted = json.loads(body)["files"]
            return 200, {
                "files": [
                    {
                        "path": one["path"],
                        "uploadMode": "lfs" if one["path"].endswith(".safetensors") else "regular",
                        "shouldIgnore": False,
                    }
                    for one in wanted
                ]
            }
        if path.endswith(".git/info/lfs/objects/batch"):
            upload = [
                {**one, "actions": {"upload": {"href": f"{self.url}/objects/{one['oid']}"}}}
                for one in json.loads(body)["objects"]
            ]
            return 200, {"transfer": "basic", "objects": upload}
        if method == "PUT" and path.startswith("/objects/"):
            self._objects[path.removeprefix("/objects/")] = body
            return 200, {}
        if re.fullmatch(r"/api/models/.+/commit/main", path):
            for line in map(json.loads, body.splitlines()):
                value = line["value"]
                if line["key"] == "file":
                    self.files[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    self.files[value["path"]] = self._objects[value["oid"]]
            name = path.removeprefix("/api/models/").removesuffix("/commit/main")
            return 200, {"commitUrl": f"{self.url}/{name}/commit/main", "commitOid": "0" * 40, "pullRequestUrl": None}
        return 404, {"error": f"{method} {path} is not known here"}


@contextmanager
def hub_server() -> Generator[Hub]:
    """A running hub; its address is `Hub.url`."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            hub.keys.add(self.headers.get("Authorization", ""))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, content = hub.answer(self.command, self.path.partition("?")[0], body)
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_HEAD = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
