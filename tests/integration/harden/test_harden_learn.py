"""What is learned of real services, good ones and bad ones, in real sandboxes."""

from dataclasses import replace

import pytest

from jettison.harden.exposed import exposed
from jettison.harden.learn import learn
from jettison.harden.life.restart import restart
from jettison.harden.live import live
from jettison.harden.network import network_of
from jettison.harden.operations.ask import ask
from jettison.harden.operations.healthcheck import Target, find
from jettison.observe.evidence import Evidence, ImageIdentity
from jettison.sandbox.spec import Overrides
from jettison.slim.baseline import evidence_of, observe_twice, scene_of
from jettison.slim.plan import Drive
from jettison.workload.drive import Driven
from jettison.workload.endpoint import Scheme

pytestmark = pytest.mark.integration


@pytest.fixture
def learned(python_image, journal):
    """A function that observes the application in some ways, and gives what is learned with the evidence."""

    def run(*ways, env=()):
        image = python_image()
        scene, tree = scene_of(image, Overrides(cmd=ways, env=env, stop_timeout=2.0), Drive())
        baseline = observe_twice(scene, journal, observed=True)
        evidence = evidence_of(image, tree, scene, baseline.runs)
        return learn(baseline, evidence, tree, journal), evidence, baseline, tree, image

    return run


@pytest.fixture
def asked(python_image, journal):
    """A function that runs the application in some ways, once and unobserved, and asks it."""

    def run(*ways):
        scene, tree = scene_of(python_image(), Overrides(cmd=ways), Drive())
        with live(scene, journal) as running:
            nothing = Evidence(image=ImageIdentity("", "", ""))
            return ask(running, Driven(responses=()), nothing, tree).operations

    return run


def test_a_service_that_does_everything_right(learned):
    """Its paths are found, its requests finished, its orphans reaped, its lines read."""
    ways = ("health", "metrics", "reaps", "json")
    found, evidence, baseline, tree, image = learned(*ways, env=("DB_PASSWORD=k9Xv2mQ8",))
    operations, life = found.operations, found.life
    assert (operations.readiness.kind, operations.readiness.path) == ("http", "/healthz")
    assert operations.liveness.path == "/livez", "the other one reports on a database"
    assert operations.readiness.host == ""
    assert operations.healthcheck.command[0] == "/usr/bin/python3", "which runs anyway"
    assert found.needs == ("/usr/bin/python3",)
    assert (operations.metrics.port, operations.metrics.path) == (8080, "/metrics")
    assert (operations.logs.stdout, operations.logs.format, operations.logs.files) == (True, "json", ())
    assert (life.killed, life.exit_code) == (False, 0)
    assert life.in_flight >= 1
    assert life.in_flight_lost == 0
    assert (life.zombies_made, life.zombies_left) == (50, 0)
    endpoints = [run.driven.endpoints for run in baseline.runs]
    network = network_of(evidence.sockets, image.config.config.exposed_ports, endpoints)
    assert [(port.number, port.scheme, port.exposed, port.loopback) for port in network.ports] == [
        (8080, "http", True, False)
    ]
    spec = baseline.scene.spec
    (secret,) = exposed(env=spec.env, argv=spec.argv, config=image.config, evidence=evidence, tree=tree)
    assert (secret.name, secret.baked) == ("DB_PASSWORD", False)
    assert "k9Xv2mQ8" not in str(secret)


def test_a_page_for_everything_is_no_health_path(asked):
    """The first page stands in, and only a connection tells that it is alive."""
    operations = asked("catchall")
    assert (operations.readiness.kind, operations.readiness.path) == ("http", "/")
    assert operations.liveness.kind == "tcp"
    assert operations.metrics is None


def test_a_service_that_ignores_the_stop_signal(learned):
    """It is killed, and that is all there is to say of its requests."""
    life = learned("health", "stubborn")[0].life
    assert life.killed
    assert life.in_flight is None
    assert life.stops_while_starting is False


def test_a_service_that_drops_what_it_is_at_and_does_not_reap(learned):
    """All requests that were being answered are lost, and all orphans stay."""
    life = learned("health", "drops")[0].life
    assert life.in_flight >= 1
    assert life.in_flight_lost == life.in_flight
    assert (life.zombies_made, life.zombies_left) == (50, 50)


def test_a_handler_that_is_installed_late_and_a_log_file(learned):
    """A signal that comes during the start is dropped by the kernel; later ones are not."""
    found, *_ = learned("health", "late", "logfile")
    assert not found.life.killed
    assert found.life.stops_while_starting is False
    assert found.operations.logs.files == ("/var/log/app.log",), "a file inside the container, and not empty"
    assert found.operations.logs.format == "plain"


def test_a_service_that_knows_its_name_alone(asked):
    """A kubelet asks by address: the probe has to say the name."""
    operations = asked("health", "hosts")
    assert operations.readiness.host == operations.liveness.host == "localhost"
    assert operations.healthcheck is not None


def test_a_port_of_the_loopback_interface_is_asked_from_inside(asked):
    """No probe from outside reaches it."""
    operations = asked("health", "loopback")
    assert operations.readiness.kind == "exec"


def test_every_program_that_can_ask_does(python_image, journal):
    """Bash and Python, by HTTP and by a connection; none of them passes against a path that is not there."""
    scene, tree = scene_of(python_image(), Overrides(cmd=("health",)), Drive())
    with live(scene, journal) as running:
        for executed, program in (((), "/usr/bin/bash"), (("/usr/bin/python3",), "/usr/bin/python3")):
            for path in ("/livez", ""):
                target = Target(8080, Scheme.HTTP if path else Scheme.TCP, "127.0.0.1", path)
                assert find(running, tree, executed, target).probe.command[0] == program
        assert find(running, tree, (), Target(8080, Scheme.HTTP, "127.0.0.1", "/missing")) is None
        assert find(running, tree, (), Target(9999, Scheme.TCP)) is None


def test_a_restart_is_compared(python_image, journal):
    """It answers the same; one that does not start any more does not."""
    scene, _ = scene_of(python_image(), Overrides(cmd=("health",)), Drive())
    assert restart(scene, journal) == (True, "")
    broken = replace(scene, spec=replace(scene.spec, argv=("/usr/bin/missing",)))
    answered, error = restart(broken, journal)
    assert not answered
    assert "the first run" in error
