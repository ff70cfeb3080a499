"""What /proc says about processes and their sockets."""

import os
import socket
import subprocess
import sys
import time

from jettison.workload.processes import cpu_ticks, family, listeners, taken_up


def own_listeners(port):
    return [listener for listener in listeners(os.getpid()) if listener.port == port]


def test_a_listening_socket_of_this_process_is_found_with_its_address():
    for family_, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family_) as server:
            server.bind((address, 0))
            port = server.getsockname()[1]
            assert own_listeners(port) == []  # bound is not listening
            server.listen()
            (found,) = own_listeners(port)
            assert (found.address, found.reachable, found.protocol) == (address, address, "tcp")


def test_a_socket_on_all_addresses_is_reached_on_loopback():
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert own_listeners(server.getsockname()[1])[0].reachable == "127.0.0.1"


def test_a_bound_udp_socket_is_found():
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        assert own_listeners(server.getsockname()[1])[0].protocol == "udp"


def test_connections_that_are_not_accepted_yet_are_counted():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        assert own_listeners(server.getsockname()[1])[0].pending == 1
        server.accept()[0].close()
        assert own_listeners(server.getsockname()[1])[0].pending == 0


def test_a_socket_of_somebody_else_in_the_same_namespace_is_not_ours():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other,
    ):
        port = server.getsockname()[1]
        assert port not in [listener.port for listener in listeners(other.pid)]


def test_a_family_is_a_process_and_its_descendants():
    with subprocess.Popen(["sh", "-c", "sleep 5 & sleep 5; :"]) as shell:
        deadline = time.monotonic() + 5
        while len(family(shell.pid)) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        members = family(shell.pid)
        for pid in members:
            os.kill(pid, 9)
    assert len(members) == 3
    assert members[0] == shell.pid


def test_a_process_that_is_gone_has_nothing():
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    assert (listeners(gone.pid), family(gone.pid), cpu_ticks([gone.pid])) == ([], [gone.pid], 0)


def test_cpu_time_is_counted():
    before = cpu_ticks([os.getpid()])
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
    assert cpu_ticks([os.getpid()]) > before


def test_a_request_is_taken_up_once_it_was_accepted_and_read():
    """Not while it waits in the kernel's queue, nor while a byte of it is unread."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with (
            socket.create_connection(("127.0.0.1", port)) as first,
            socket.create_connection(("127.0.0.1", port)) as second,
        ):
            first.sendall(b"GET")
            second.sendall(b"GET")
            assert taken_up(os.getpid(), port) == set()
            accepted, _ = server.accept()
            with accepted:
                assert taken_up(os.getpid(), port) == set()
                assert accepted.recv(3) == b"GET"
                assert taken_up(os.getpid(), port) == {first.getsockname()[1]}
                assert taken_up(os.getpid(), port + 1) == set()
