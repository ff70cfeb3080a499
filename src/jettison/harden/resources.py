"""Limits from what the runs used, and the smallest memory limit that the application works under."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import structs

from jettison.harden.bench import Bench
from jettison.harden.model import Number, Settings
from jettison.observe.evidence import Evidence, Phase
from jettison.sandbox.spec import SHM_BYTES

MIB: Final = 1024 * 1024
_PRECISION: Final = 1.04
"""How close the search comes: the limit that failed and the one that passed differ by this factor."""
_MARGIN: Final = 1.15
"""What is reserved above the smallest that works."""
_ROOM_BYTES: Final = 64 * MIB
MOST_BYTES: Final = 64 * 1024 * MIB
_LEAST_BYTES: Final = 6 * MIB
"""Docker refuses less."""
_MOST_RUNS: Final = 10
_SLOWER: Final = 3.0
"""A run that takes as many times as long as without a limit works only on paper: it reads its own program
from the disk again and again."""
_BRIEF_S: Final = 0.05
"""A shorter phase says nothing about its share of a CPU."""
_MOST_MILLIS: Final = 4000
_LEAST_PIDS: Final = 128
_LEAST_FILES: Final = 1024
"""The soft limit that programs find everywhere."""


def pids(evidence: Evidence) -> Number:
    """Room for four times as many processes and threads as were seen: servers start more under load, and an
    operator's command needs some. What the limit is for, a fork bomb, it still ends."""
    peak = evidence.resources.pids_peak
    if peak is None:
        return Number(512, "processes could not be counted on this host; a usual limit")
    value = max(_LEAST_PIDS, _power_of_two(4 * peak))
    return Number(value, f"at the most {peak} processes and threads at once; room for four times as many")


def open_files(evidence: Evidence) -> Number:
    """Room for four times as many open files as were seen: connections are files."""
    peak = evidence.resources.files_peak
    if peak is None:
        return Number(65536, "open files could not be counted on this host; room for many connections")
    value = max(_LEAST_FILES, _power_of_two(4 * peak))
    return Number(value, f"at the most {peak} open files in one process; room for four times as many")


def shared_memory(evidence: Evidence) -> Number:
    """The size of /dev/shm: the engines' default, or four times what was used."""
    used = evidence.resources.shm_peak_bytes
    if not used:
        return Number(SHM_BYTES, "the default; shared memory was not seen in use")
    value = max(SHM_BYTES, _rounded(4 * used))
    return Number(value, f"at the most {-(-used // 1024)} KiB of shared memory were used")


def cpu(evidence: Evidence) -> Number | None:
    """The CPU that the busiest run took while it served, in thousandths; of a job, over the whole of it."""
    shares = [
        (seconds / run.phases[phase], seconds, run.phases[phase], phase)
        for run in evidence.runs
        for phase, seconds in run.cpu.items()
        if phase in (Phase.SERVE, Phase.START) and run.phases.get(phase, 0) > _BRIEF_S
    ]
    serving = [each for each in shares if each[3] == Phase.SERVE] or shares
    if not serving:
        return None
    share, used, seconds, phase = max(serving)
    millis = min(max(10, -(-round(1000 * share) // 10) * 10), _MOST_MILLIS)
    doing = "serving" if phase == Phase.SERVE else "running"
    return Number(millis, f"{used:.2f} CPU seconds in {seconds:.2f} s of {doing}")


def smallest_memory(bench: Bench, settings: Settings, peaks: Iterable[int], seconds: float) -> Number | None:
    """The smallest limit in bytes under which the workload still passes, found by halving the interval.

    `peaks` are what runs without a limit used, page cache included; `seconds` is how long such a run takes.
    None when nothing passes up to twice the peak, that is, when this host cannot limit memory.
    """
    peak = max(peaks, default=0)
    if not peak:
        return None
    high = max(_LEAST_BYTES, _rounded(peak))
    tries = 0

    def passes(limit: int) -> bool:
        nonlocal tries
        tries += 1
        attempt = bench.attempt(structs.replace(settings, memory_bytes=Number(limit, "tried")))
        return attempt.passed and attempt.seconds <= _SLOWER * seconds + 1

    while not passes(high):
        if high > 2 * peak + 16 * MIB:
            return None
        high = _rounded(int(high * 1.3))
    low = _LEAST_BYTES
    while high > low * _PRECISION and high - low > MIB and tries < _MOST_RUNS:
        middle = _rounded(int((low * high) ** 0.5))
        if middle in (low, high):
            break
        if passes(middle):
            high = middle
        else:
            low = middle
    if low == _LEAST_BYTES < high <= low + 2 * MIB and passes(low):
        high = low
    while not passes(high):  # once more: what passed by a hair may fail the next time
        high = _rounded(int(high * 1.1))
    below = f"fails with {low // MIB} MiB" if high > _LEAST_BYTES else "engines take no less"
    return Number(high, f"the workload passes with {high // MIB} MiB; {below}")


def request(smallest: Number) -> Number:
    """What to reserve: the smallest that works and a margin."""
    value = _rounded(int(smallest.value * _MARGIN))
    return Number(value, f"{smallest.because}; {round(100 * (_MARGIN - 1))} % above")


def limit(smallest: Number) -> Number:
    """Where to end it. What was not exercised needs memory too, as do files in a tmpfs, commands of an
    operator and more load; a limit as tight as the workload's need would kill the application there."""
    value = _rounded(2 * smallest.value + _ROOM_BYTES)
    room = f"as much again and {_ROOM_BYTES // MIB} MiB for what it did not reach"
    return Number(value, f"{smallest.because}; {room}")


def _rounded(size: int) -> int:
    """Up to whole mebibytes."""
    return -(-size // MIB) * MIB


def _power_of_two(number: int) -> int:
    return int(1 << (number - 1).bit_length())
