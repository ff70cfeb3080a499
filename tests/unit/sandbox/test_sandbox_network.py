"""The forms of --network."""

import os

import pytest

from jettison.errors import NotFoundError, UsageError
from jettison.sandbox.network import Network, NetworkKind, parse_network


def test_none_is_a_network_of_its_own() -> None:
    assert parse_network("none") == Network()


def test_host_is_the_hosts() -> None:
    assert parse_network("host") == Network(NetworkKind.HOST)


def test_a_path_names_a_namespace() -> None:
    assert parse_network("/proc/self/ns/net") == Network(NetworkKind.PATH, "/proc/self/ns/net")


def test_a_containers_namespace_is_found_by_its_pid() -> None:
    joined = parse_network("container:web-1", container_pid={"web-1": os.getpid()}.__getitem__)
    assert joined == Network(NetworkKind.PATH, f"/proc/{os.getpid()}/ns/net")


def test_what_the_engine_says_about_a_container_is_passed_on() -> None:
    def nobody(name: str) -> int:
        raise NotFoundError(f"no running container {name!r}")

    with pytest.raises(NotFoundError):
        parse_network("container:gone", container_pid=nobody)


@pytest.mark.parametrize(
    "text", ["", "bridge", "container:", "container:-x", "container:a b", "/none/such", "PATH", "none "]
)
def test_anything_else_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_network(text, container_pid=lambda name: 1)
