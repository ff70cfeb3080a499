"""`kill -9` of a whole job at random moments: what is published is whole, and the next start leaves
nothing of the killed one.

JETTISON_KILLS says how many moments; continuous integration tries a few, a deeper run 200 and more.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from integration.registries import serving
from jettison.errors import NotFoundError
from jettison.image.validate import validate
from jettison.stores.open import open_image

pytestmark = pytest.mark.integration
KILLS = int(os.environ.get("JETTISON_KILLS", "12"))
NAME = "jettison-tests/killed:slim"
ROUND = 6
"""Moments of one test; each begins with a fresh destination."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("registry")) as host:
        yield host


def intact(reference: str) -> bool:
    """Whether the image is there; raises unless it is whole then."""
    try:
        image = open_image(reference)
    except NotFoundError:
        return False
    assert validate(image) == []
    return True


@pytest.mark.parametrize("seed", range(-(-KILLS // ROUND)))
def test_a_kill_at_any_moment(
    seed, engine, tiny_image, jettison, clean_host, registry, tmp_path, monkeypatch
):
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    outputs = [
        f"oci:{tmp_path}/layout:1",
        f"oci-archive:{tmp_path}/oci.tar:1",
        f"docker://{registry}/killed-{seed}:1",
    ]
    outputs += [f"docker-daemon:{NAME}"]
    command = [sys.executable, "-m", "jettison", "slim", f"docker-daemon:{tiny_image}", "--force"]
    for output in outputs:
        command += ["--output", output]
    duration = _duration(command, engine.environment)
    moments = random.Random(seed)
    for _ in range(ROUND):
        process = subprocess.Popen(
            command, env=engine.environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        time.sleep(moments.uniform(0, duration * 1.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        for output in outputs:
            intact(output)
        assert jettison("doctor", "--clear").returncode == 0
        assert clean_host() == []
        assert not list(tmp_path.glob(".*"))
    subprocess.run(command, env=engine.environment, check=True, capture_output=True)
    assert all(intact(output) for output in outputs)
    engine.docker("image", "rm", "-f", NAME)


_durations: list[float] = []


def _duration(command: list[str], environment: dict[str, str]) -> float:
    """Seconds of the job when nobody kills it."""
    if not _durations:
        started = time.monotonic()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        _durations.append(time.monotonic() - started)
    return _durations[0]


def test_two_jobs_on_one_image_at_once(engine, tiny_image, tmp_path):
    """Both are right, and equal."""
    runs = []
    for number in range(2):
        output = f"oci-archive:{tmp_path}/{number}.tar:1"
        command = [
            sys.executable,
            "-m",
            "jettison",
            "slim",
            f"docker-daemon:{tiny_image}",
            "--output",
            output,
        ]
        runs.append(subprocess.Popen(command, env=engine.environment, stderr=subprocess.PIPE, text=True))
    for run in runs:
        _, error = run.communicate(timeout=120)
        assert run.returncode == 0, error
    made = [(tmp_path / f"{number}.tar").read_bytes() for number in range(2)]
    assert made[0] == made[1]


def test_two_jobs_with_one_output(engine, tiny_image, tmp_path):
    """One tag of one layout: it has the image of either, whole. Who comes while the other is writing may be
    told that the place is taken."""
    output = f"oci:{tmp_path}/layout:1"
    command = [sys.executable, "-m", "jettison", "slim", f"docker-daemon:{tiny_image}", "--output", output]
    runs = [
        subprocess.Popen(command, env=engine.environment, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for run in runs:
        _, error = run.communicate(timeout=120)
        assert run.returncode == 0 or (run.returncode == 2 and "already exists" in error), error
    assert 0 in [run.returncode for run in runs]
    assert intact(output)
