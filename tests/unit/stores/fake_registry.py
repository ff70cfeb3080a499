"""A registry in this process that misbehaves as it is told; those of the integration tests are real."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from layouts import Layout


@dataclass
class FakeRegistry:
    """What it serves, and what it was asked."""

    port: int = 0
    documents: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Path below the repository → media type and content."""
    faults: dict[str, Callable[["Handler", bytes], bool]] = field(default_factory=dict)
    """Path → what is done instead of answering; false: answer."""
    greeting: Callable[["Handler"], None] = field(default=lambda handler: handler.reply(200))
    """How the base address answers."""
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def reference(self, tag: str = "1") -> str:
        return f"docker://{self.host}/app:{tag}"

    def publish(self, layout: Layout, manifest: dict, tag: str = "1") -> None:
        """Serve what is in `layout`, its image `manifest` as `tag`."""
        for path in (layout.path / "blobs/sha256").iterdir():
            self.documents[f"blobs/sha256:{path.name}"] = ("application/octet-stream", path.read_bytes())
        raw = self.documents["blobs/" + manifest["digest"]][1]
        for name in (tag, manifest["digest"]):
            self.documents[f"manifests/{name}"] = (manifest["mediaType"], raw)

    def asked_for(self, path: str) -> list[dict[str, str]]:
        """The headers of each request for `path`."""
        return [headers for _, url, headers in self.asked if url == f"/v2/app/{path}"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: FakeRegistry

    def log_message(self, *_: object) -> None:
        pass

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def cut(self, body: bytes, after: int) -> None:
        """Promise `body`, send a part of it, and hang up."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:after])
        self.wfile.flush()
        self.close_connection = True

    def do_GET(self) -> None:
        self.registry.asked.append((self.command, self.path, dict(self.headers)))
        if self.path == "/v2/":
            return self.registry.greeting(self)
        path = self.path.removeprefix("/v2/app/")
        kind, body = self.registry.documents.get(path, ("", b""))
        fault = self.registry.faults.get(path)
        if fault is not None and fault(self, body):
            return None
        if not kind:
            return self.reply(404, b'{"errors":[{"code":"UNKNOWN","message":"not\\u001b[31m here"}]}')
        start = self.headers.get("Range", "").removeprefix("bytes=").rstrip("-")
        if start:
            rest = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return self.reply(206, body[int(start) :], Content_Range=rest)
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        return self.reply(200, body, Content_Type=kind, Docker_Content_Digest=digest)


@contextmanager
def serving(registry: FakeRegistry) -> Iterator[FakeRegistry]:
    """Serve until the block ends."""
    handler = type("Bound", (Handler,), {"registry": registry})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    registry.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
