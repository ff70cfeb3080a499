"""Services of a compose file beside the application: real Redis, real compose tool, nothing left."""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration
HERE = Path(__file__).parent / "compose"
IMAGE = "jettison-tests/visits:1"
PROJECT = re.compile(r"jettison-[0-9a-f]{12}[-_](app|store|visitor|default|data|holder)")
"""What compose tools call the parts of a project; others on this engine have other services."""
KNOCKED = "for i in $(seq 100); do curl -sf $JETTISON_URL/knocked && exit; sleep 0.1; done; exit 1"


@pytest.fixture(scope="module")
def visits(engine, example_image, tmp_path_factory) -> Iterator[str]:
    """An application that needs a key-value store."""
    example_image("key-value")
    folder = tmp_path_factory.mktemp("visits")
    shutil.copy(HERE / "app.py", folder)
    (folder / "Dockerfile").write_text(f"FROM {example_image('python-web')}\nCOPY app.py /app/app.py\n")
    engine.docker("build", "--quiet", "--tag", IMAGE, str(folder))
    yield IMAGE
    engine.docker("image", "rm", "-f", IMAGE)


@pytest.fixture
def bridge() -> Iterator[str]:
    """The name of a bridge whose frames this machine's firewall lets pass: the engine of the tests changes no
    rule, and another one may have closed forwarding."""
    name = f"jt-{secrets.token_hex(4)}"
    rule = ["FORWARD", "-i", name, "-o", name, "-j", "ACCEPT"]
    subprocess.run(["iptables", "-I", *rule], check=True)
    yield name
    subprocess.run(["iptables", "-D", *rule], check=True)


@pytest.fixture
def file(tmp_path, bridge) -> Path:
    """The compose file, with the folder that it mounts."""
    (tmp_path / "compose.yml").write_text((HERE / "compose.yml").read_text().replace("BRIDGE", bridge))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/note").write_text("from the host\n")
    return tmp_path / "compose.yml"


@pytest.fixture(autouse=True)
def clean_engine(engine) -> Iterator[Callable[[], list[str]]]:
    """Fail a test that leaves a container, network, volume or image of a project; gives what looks."""

    def left() -> list[str]:
        listings = (
            ("container", "ls", "--all", "--format", "{{.Names}}"),
            ("network", "ls", "--format", "{{.Name}}"),
            ("volume", "ls", "--format", "{{.Name}}"),
            ("image", "ls", "--format", "{{.Repository}}"),
        )
        names = [name for listing in listings for name in engine.docker(*listing).split()]
        return [name for name in names if PROJECT.match(name) and name not in before]

    before: set[str] = set()  # of somebody else who uses this engine
    before |= set(left())
    yield left
    assert left() == []


def test_the_application_is_slimmed_among_its_services(engine, jettison, visits, file):
    """Each run has a store of its own, so that the count begins anew; the visitor finds it by its name."""
    arguments = [
        "--compose",
        file,
        "--service",
        "app",
        "--http",
        "/",
        "--http",
        "/note",
        "--host-exec",
        KNOCKED,
    ]
    result = jettison("slim", visits, *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    slim = "jettison-tests/visits:1-slim"
    checked = jettison("verify", visits, slim, "--json", *arguments)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    engine.docker("image", "rm", slim)


def test_a_candidate_that_answers_otherwise_fails(engine, jettison, visits, file, tmp_path):
    """The count is compared: it is the same in every run of the original."""
    (tmp_path / "Dockerfile").write_text(f"FROM {visits}\nRUN sed -i 's/INCR/DECR/' /app/app.py\n")
    engine.docker("build", "--quiet", "--tag", "jettison-tests/visits:wrong", str(tmp_path))
    arguments = ["--compose", file, "--service", "app", "--http", "/", "--no-crawl"]
    result = jettison("verify", visits, "jettison-tests/visits:wrong", *arguments)
    engine.docker("image", "rm", "jettison-tests/visits:wrong")
    assert result.returncode == 1, result.stdout + result.stderr


def test_a_dependency_that_never_becomes_healthy_is_told(jettison, visits, file):
    file.write_text(file.read_text().replace('["CMD", "redis-cli", "ping"]', '["CMD", "false"]'))
    result = jettison("observe", visits, "--compose", file, "--service", "app")
    assert result.returncode == 5, result.stdout + result.stderr
    assert "store" in result.stderr


def test_options_that_contradict_each_other(jettison, visits, file):
    assert jettison("observe", visits, "--compose", file).returncode == 2
    assert jettison("observe", visits, "--compose", file, "--service", "none").returncode == 2
    both = ["--compose", file, "--service", "app", "--network", "none"]
    assert jettison("observe", visits, *both).returncode == 2
    assert (
        jettison("observe", visits, "--compose", file.parent / "no.yml", "--service", "app").returncode == 2
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("moment", ["coming up", "running"])
def test_an_end_at_any_moment_leaves_nothing(engine, jettison, visits, file, number, moment, clean_engine):
    """At once after Ctrl-C; at the next start after a SIGKILL."""
    slow = ["--host-exec", "sleep 60"]
    command = [
        sys.executable,
        "-m",
        "jettison",
        "observe",
        visits,
        "--compose",
        str(file),
        "--service",
        "app",
        *slow,
    ]
    with subprocess.Popen(command, env=engine.environment, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not (clean_engine() if moment == "coming up" else _sandboxes()):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(number)
        assert process.wait(60) == (-number if number == signal.SIGKILL else 128 + number)
    if number == signal.SIGKILL:
        assert "compose project" in jettison("doctor").stdout
        tiny = jettison("observe", visits, "--cmd", "true", "--entrypoint", "", "--host-exec", "true")
        assert "cleaned up" in tiny.stderr


def test_the_network_of_a_container_is_joined(engine, jettison, visits):
    """`--network container:NAME`: the store is reached on loopback."""
    engine.docker("run", "--detach", "--name", "jettison-tests-joined", "jettison-examples/key-value")
    try:
        arguments = [
            "--network",
            "container:jettison-tests-joined",
            "--env",
            "REDIS_HOST=127.0.0.1",
            "--http",
            "/",
        ]
        result = jettison("slim", visits, *arguments, "--force")
        assert result.returncode == 0, result.stdout + result.stderr
        engine.docker("image", "rm", "jettison-tests/visits:1-slim")
        assert int(engine.docker("exec", "jettison-tests-joined", "redis-cli", "get", "visits")) >= 4
    finally:
        engine.docker("rm", "-f", "-v", "jettison-tests-joined")


def _sandboxes() -> list[Path]:
    return list(Path(os.environ["XDG_STATE_HOME"], "jettison/work").glob("*/*/config.json"))
