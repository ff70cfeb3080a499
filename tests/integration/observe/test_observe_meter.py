"""What a container uses, as the meter samples it."""

import time

import pytest
from observed import PROBE, Bench

from jettison.linux.process import pid_namespace, zombies
from jettison.observe.evidence import Phase, Resources
from jettison.observe.meter import Meter
from jettison.observe.observer import Observer
from jettison.sandbox.cgroup import writable
from jettison.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.integration
MIB = 1024 * 1024


@pytest.mark.skipif(not writable(), reason="needs control groups")
def test_peaks_and_cpu_of_each_phase_are_measured(bench: Bench) -> None:
    meters = []

    def during(box: Sandbox, _: Observer) -> None:
        with Meter(box) as meter:
            while b"used" not in box.tail()[0]:
                time.sleep(0.02)
            meter.mark(Phase.SERVE, "idle")
            time.sleep(0.3)
            assert zombies(pid_namespace(box.pid)) == 1
            box.signal(9)
        meters.append(meter)

    bench.watch(PROBE, "uses", during=during)
    found, cpu = meters[0].resources, meters[0].cpu
    assert 37 * MIB < found.memory_working_bytes < 48 * MIB
    assert found.memory_peak_bytes >= found.memory_working_bytes - 4 * MIB
    assert 2 <= found.pids_peak < 20  # the runtime's threads were among them
    assert found.files_peak == 104  # stdin, stdout, stderr, 100 and the shared one
    assert 5 * MIB <= found.shm_peak_bytes < 5.1 * MIB
    assert cpu[Phase.START] > 0.1 > cpu[Phase.SERVE] >= 0
    assert sum(cpu.values()) == pytest.approx(found.cpu_seconds, abs=0.01)


def test_a_run_of_no_time_is_measured_too(bench: Bench) -> None:
    def during(box: Sandbox, _: Observer) -> None:
        box.wait(10)
        with Meter(box) as meter:
            pass
        assert isinstance(meter.resources, Resources)

    assert bench.watch(PROBE, "look", "/x", during=during).code == 0
