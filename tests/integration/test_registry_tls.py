"""A registry behind TLS whose authority is our own: refused, unless the host or the user trusts it."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from registries import serving

from builders import Item, image_of
from jettison.errors import RemoteError, UsageError
from jettison.layers.tree import FileTree
from jettison.stores.open import open_image
from jettison.stores.publish import publish

pytestmark = pytest.mark.integration


def own_address() -> str:
    """An address of this host that is not loopback, where certificates are not checked."""
    for line in subprocess.run(
        ["ip", "-4", "-o", "addr"], check=True, capture_output=True, text=True
    ).stdout.splitlines():
        address = line.split()[3].partition("/")[0]
        if not address.startswith("127."):
            return address
    return socket.gethostbyname(socket.gethostname())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
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
        "/CN=registry",
    ]
    names = ["-addext", f"subjectAltName=IP:{own_address()}"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "ca.crt")]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    return folder / "ca.crt"


@pytest.fixture(scope="module")
def host(certificate, tmp_path_factory) -> Iterator[str]:
    tls = {"certificate": str(certificate), "key": str(certificate.with_name("key.pem"))}
    with serving(tmp_path_factory.mktemp("registry"), address=own_address(), tls=tls) as found:
        yield found


@pytest.fixture(autouse=True)
def own_files(monkeypatch, tmp_path):
    """A cache and settings of its own for each test; no proxy between this host and itself."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)


def works(tmp_path, host) -> bool:
    publish(image_of(tmp_path, [Item("a", b"x")]), f"docker://{host}/app:1")
    tree = FileTree.of(open_image(f"docker://{host}/app:1"))
    return tree.read(tree.get(b"a")) == b"x"


def test_an_unknown_authority_is_refused(tmp_path, host):
    with pytest.raises(RemoteError, match="certificate"):
        works(tmp_path, host)


def test_an_authority_of_the_host_is_trusted(tmp_path, host, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert works(tmp_path, host)


def test_an_authority_kept_for_the_registry_is_trusted_for_it_alone(tmp_path, host, certificate):
    folder = tmp_path / "config/containers/certs.d" / host
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_bytes(certificate.read_bytes())
    assert works(tmp_path, host)
    folder.rename(folder.with_name("other.example"))
    with pytest.raises(RemoteError, match="certificate"):
        works(tmp_path, host)


def test_a_certificate_that_is_none_is_named(tmp_path, host):
    folder = tmp_path / "config/containers/certs.d" / host
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_text("none")
    with pytest.raises(UsageError, match=r"ca\.crt"):
        works(tmp_path, host)
