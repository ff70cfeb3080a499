"""Digests and checksums that `jettison lint --pin --fix` fills in, from a real registry and a real server."""

import hashlib
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from integration.registries import serving

pytestmark = pytest.mark.integration


@pytest.fixture
def registry(tmp_path):
    with serving(tmp_path / "registry") as host:
        yield host


@pytest.fixture
def server(tmp_path):
    """The address of a server, and the folder that it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


def test_bases_and_downloads_are_pinned_by_what_they_are_now(
    jettison, engine, tiny_image, registry, server, tmp_path
):
    address, folder = server
    (folder / "tool.bin").write_bytes(b"tool")
    pushed = jettison("copy", f"docker-daemon:{tiny_image}", f"docker://{registry}/team/tiny:1")
    assert pushed.returncode == 0, pushed.stderr
    inspected = ["skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}"]
    digest = subprocess.check_output([*inspected, f"docker://{registry}/team/tiny:1"], text=True).strip()
    path = tmp_path / "Dockerfile"
    path.write_text(
        f"ARG V=1\nFROM {registry}/team/tiny:1\nADD {address}/tool.bin /tool\n"
        f"ADD {address}/missing /x\nFROM {registry}/team/tiny:$V\nUSER 65532\n"
    )
    done = jettison("lint", "--pin", "--fix", "--no-shellcheck", path)
    checksum = hashlib.sha256(b"tool").hexdigest()
    assert path.read_text() == (
        f"ARG V=1\nFROM {registry}/team/tiny:1@{digest}\n"
        f"ADD --checksum=sha256:{checksum} {address}/tool.bin /tool\n"
        f"ADD {address}/missing /x\nFROM {registry}/team/tiny:$V\nUSER 65532\n"
    )
    assert "stays unpinned" in done.stderr
    again = jettison("lint", "--pin", "--fix", "--no-shellcheck", path)
    assert f"@{digest}@" not in path.read_text()
    assert again.returncode in (0, 1)


def test_nobody_is_asked_without_the_option(jettison, tmp_path):
    path = tmp_path / "Dockerfile"
    text = "FROM 127.0.0.1:1/team/tiny:1\nADD http://127.0.0.1:1/tool /tool\nUSER 65532\n"
    path.write_text(text)
    done = jettison("lint", "--fix", "--no-shellcheck", path)
    assert "unpinned" not in done.stderr
    assert path.read_text() == text
