"""Ports and connections from observed sockets."""

from jettison.harden.network import network_of
from jettison.observe.evidence import Socket
from jettison.workload.endpoint import Endpoint, Scheme


def listen(port, address="0.0.0.0", protocol="tcp"):
    family = "inet6" if ":" in address else "inet"
    return Socket("listen", family, protocol, address, port, "/app")


def connect(port, address="10.0.0.5", protocol="tcp"):
    return Socket("connect", "inet", protocol, address, port, "/app")


def ports(sockets, exposed=(), endpoints=()):
    return network_of(sockets, exposed, [endpoints, endpoints]).ports


def test_a_declared_port_has_its_scheme():
    (port,) = ports([listen(8080)], ["8080"], [Endpoint(8080, Scheme.HTTP)])
    assert (port.number, port.protocol, port.scheme, port.exposed, port.loopback) == (
        8080, "tcp", "http", True, False,
    )  # fmt: skip


def test_a_port_that_expose_does_not_name_is_said_to_be_so():
    (port,) = ports([listen(9000)], ["8080/tcp"])
    assert not port.exposed
    assert "not in EXPOSE" in port.because


def test_what_is_exposed_and_never_opened_is_named():
    assert network_of([listen(80)], ["80/tcp", "443", "nonsense", "99999"], [[]]).unopened == ("443/tcp",)


def test_a_port_of_the_loopback_interface_alone():
    assert ports([listen(80, "127.0.0.1"), listen(80, "::1")])[0].loopback
    assert not ports([listen(80, "127.0.0.1"), listen(80, "::")])[0].loopback
    assert ports([listen(80, "::ffff:127.0.0.1")])[0].loopback


def test_ports_that_the_kernel_picked_are_left_out():
    """A debugger, a worker's socket: another one in each run."""
    runs = [[Endpoint(40001, Scheme.TCP)], [Endpoint(40002, Scheme.TCP)]]
    assert network_of([listen(40001), listen(40002)], [], runs).ports == ()


def test_a_high_port_that_is_the_same_in_each_run_stays():
    assert ports([listen(50051)], [], [Endpoint(50051, Scheme.TCP)])[0].number == 50051


def test_udp_counts_only_where_it_is_declared():
    """A resolver's socket looks the same."""
    assert ports([listen(5353, protocol="udp")]) == ()
    assert ports([listen(53, protocol="udp")], ["53/udp"])[0].scheme == "udp"


def test_connections_to_others_are_outgoing():
    (out,) = network_of([connect(5432)], [], [[]]).outgoing
    assert (out.address, out.port, out.protocol) == ("10.0.0.5", 5432, "tcp")


def test_connections_to_itself_and_to_nobody_are_not():
    inside = [
        connect(80, "127.0.0.1"),
        connect(80, "0.0.0.0"),
        connect(0),
        Socket("connect", "unix", "stream", "/x"),
    ]
    assert network_of(inside, [], [[]]).outgoing == ()


def test_a_udp_socket_that_only_asks_for_a_route_is_not():
    found = network_of([connect(443, protocol="udp"), connect(53, protocol="udp")], [], [[]]).outgoing
    assert [each.port for each in found] == [53]


def test_no_run_at_all():
    assert network_of([], [], []).ports == ()
