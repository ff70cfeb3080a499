"""Debian's docker-registry on loopback: open, with passwords, and with tokens."""

import base64
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "sailor", "ahoy:ahoy"
BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@contextmanager
def serving(
    folder: Path,
    auth: dict[str, object] | None = None,
    *,
    address: str = "127.0.0.1",
    tls: dict[str, object] | None = None,
) -> Iterator[str]:
    """HOST:PORT of a registry that keeps its blobs in `folder`."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        host = f"{address}:{probe.getsockname()[1]}"
    config = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": host, **({"tls": tls} if tls else {})},
        **({"auth": auth} if auth else {}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yml").write_text(json.dumps(config))
    command = ["docker-registry", "serve", str(folder / "config.yml")]
    # variables such as REGISTRY_AUTH_FILE, which is the clients', would be taken for its configuration
    environment = {key: value for key, value in os.environ.items() if not key.startswith("REGISTRY_")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(100):
            try:
                socket.create_connection((address, int(host.rpartition(":")[2])), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield host
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def with_passwords(folder: Path) -> Iterator[str]:
    """A registry that asks for USER and PASSWORD."""
    folder.mkdir(parents=True)
    line = subprocess.run(["htpasswd", "-Bbn", USER, PASSWORD], check=True, capture_output=True).stdout
    (folder / "htpasswd").write_bytes(line)
    with serving(folder, {"htpasswd": {"realm": "r", "path": str(folder / "htpasswd")}}) as host:
        yield host


@contextmanager
def with_tokens(folder: Path, scopes: list[str]) -> Iterator[str]:
    """A registry with a token server, which lets anybody pull and only USER push; `scopes` collects what
    it was asked for."""
    folder.mkdir(parents=True)
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=issuer",
    ]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    handler = type("Bound", (_TokenServer,), {"key": key, "certificate": certificate, "scopes": scopes})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    realm = f"http://127.0.0.1:{server.server_address[1]}/token"
    auth = {"realm": realm, "service": "s", "issuer": "issuer", "rootcertbundle": str(certificate)}
    try:
        with serving(folder, {"token": auth}) as host:
            yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _TokenServer(BaseHTTPRequestHandler):
    """Signs what is asked for (distribution, spec/auth/jwt)."""

    key: Path
    certificate: Path
    scopes: list[str]

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        given = self.headers.get("Authorization", "")
        self.scopes += query.get("scope", [])
        if given and given != f"Basic {BASIC}":
            self.send_response(401)
            self.end_headers()
            return
        access = []
        for scope in query.get("scope", []):
            kind, name, actions = scope.split(":")
            allowed = [action for action in actions.split(",") if given or action == "pull"]
            access.append({"type": kind, "name": name, "actions": allowed})
        body = json.dumps({"token": self._token(access), "expires_in": 60}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _token(self, access: list[dict[str, object]]) -> str:
        lines = self.certificate.read_text().splitlines()
        now = int(time.time())
        header = {"typ": "JWT", "alg": "RS256", "x5c": ["".join(lines[1:-1])]}
        claims = {
            "iss": "issuer",
            "sub": USER,
            "aud": "s",
            "exp": now + 60,
            "nbf": now - 10,
            "iat": now,
            "jti": str(time.monotonic_ns()),
            "access": access,
        }
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
        command = ["openssl", "dgst", "-sha256", "-sign", str(self.key)]
        done = subprocess.run(command, input=signed.encode(), check=True, capture_output=True)
        return f"{signed}.{_encoded(done.stdout)}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
