"""Whose network a container is in."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_root import Place

from jettison.errors import NotFoundError
from jettison.sandbox.network import Network, NetworkKind, parse_network
from jettison.sandbox.spec import Mount

pytestmark = pytest.mark.integration

INTERFACES = ("sh", "-c", "ls /sys/class/net | tr '\\n' ' '; readlink /proc/self/ns/net")


def test_the_hosts_network_is_the_hosts(place: Place) -> None:
    out = place.output(*INTERFACES, network=Network(NetworkKind.HOST)).split()
    assert out[-1] == os.readlink("/proc/self/ns/net")
    assert set(out[:-1]) == set(os.listdir("/sys/class/net"))


def test_an_own_network_is_nobody_elses(place: Place) -> None:
    first, second = place.output(*INTERFACES).split(), place.output(*INTERFACES).split()
    assert first[0] == second[0] == "lo"
    assert os.readlink("/proc/self/ns/net") not in (first[1], second[1])


def test_a_namespace_is_joined_by_its_path_with_its_owners_files(place: Place) -> None:
    with place.run("sh", "-c", "echo 10.9.8.7 friend >> /etc/hosts; echo on; sleep 60") as other:
        while b"on" not in other.tail()[0]:
            assert other.wait(0.02) is None
        network = parse_network(str(other.netns))
        out = place.output("sh", "-c", "readlink /proc/self/ns/net; cat /etc/hosts", network=network)
        assert out.splitlines()[0] == os.readlink(other.netns)
        assert "10.9.8.7 friend" in out


def test_the_joined_network_is_usable(place: Place) -> None:
    with place.run("sleep", "60") as other:
        network = Network(NetworkKind.PATH, str(other.netns))
        assert place.output("cat", "/sys/class/net/lo/flags", network=network).strip() == "0x9"


def test_a_hosts_file_that_blocks_or_leads_out_is_not_taken_over(place: Place, tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    evil.mkdir()
    (tmp_path / "secret").write_text("of the host")
    mounts = (Mount(source=evil, destination="/etc"),)
    (evil / "hosts").symlink_to(tmp_path / "secret")
    os.mkfifo(evil / "resolv.conf")
    with place.run("sleep", "60", mounts=mounts) as other:
        network = Network(NetworkKind.PATH, str(other.netns))
        out = place.output("cat", "/etc/hosts", "/etc/resolv.conf", network=network)
    assert "of the host" not in out


@pytest.fixture
def running_container(engine: Any, place: Place) -> Iterator[str]:
    archive = subprocess.run(
        ["tar", "-C", str(place.layers[0]), "-c", "."], capture_output=True, check=True
    ).stdout
    command = [engine.client, "import", "-", "jettison-tests/network"]
    subprocess.run(command, input=archive, env=engine.environment, check=True, capture_output=True)
    name = "jettison-tests-network"
    engine.docker("run", "-d", "--name", name, "--network", "none", "jettison-tests/network", "sleep", "300")
    try:
        yield name
    finally:
        engine.docker("rm", "-f", name)


def test_the_network_of_an_engines_container_is_found_by_its_name(
    running_container: str, engine: Any, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DOCKER_HOST", "PATH"):
        monkeypatch.setenv(name, engine.environment[name])
    network = parse_network(f"container:{running_container}")
    pid = engine.docker("inspect", "--format", "{{.State.Pid}}", running_container)
    assert place.output(*INTERFACES, network=network).split()[-1] == os.readlink(f"/proc/{pid}/ns/net")
    with pytest.raises(NotFoundError):
        parse_network("container:jettison-tests-none")
