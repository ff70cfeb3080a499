"""Sockets that are listened on and connected to."""

import pytest
from observed import PROBE, Bench

from jettison.observe.evidence import Operation, WriteOperation
from jettison.observe.trace import Endpoint

pytestmark = pytest.mark.integration


def test_sockets_are_noted_with_the_port_that_the_kernel_chose(bench: Bench) -> None:
    seen = bench.watch(PROBE, "network")
    port = int(seen.stdout)
    by = b"/bin/probe"
    assert set(seen.trace.sockets) == {
        Endpoint("listen", "inet", "tcp", "127.0.0.1", port, by),
        Endpoint("connect", "inet", "tcp", "127.0.0.1", port, by),
        Endpoint("listen", "inet6", "tcp", "::", 8080, by),
        Endpoint("listen", "inet", "udp", "127.0.0.1", 5353, by),
        Endpoint("listen", "unix", "stream", "/tmp/server.sock", 0, by),
        Endpoint("connect", "unix", "stream", "/run/missing.sock", 0, by),
        Endpoint("listen", "unix", "dgram", "@hidden", 0, by),
    }


def test_sockets_in_the_file_system_are_paths(bench: Bench) -> None:
    seen = bench.watch(PROBE, "network")
    assert seen.how("/tmp/server.sock") == (Operation.WRITE, False, (WriteOperation.CREATE,))
    assert seen.how("/run/missing.sock") == (Operation.CONNECT, True, ())
