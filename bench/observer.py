"""What being observed costs an application: time to ready, and requests per second, in the same sandbox.

Three kinds of runs take turns, so that what else the host does hits all of them: unobserved; observed
without the kernel's tracepoints (paths, programs and sockets); and observed with them (system calls and
capabilities too). Prints medians for each service, and the medians of the ratios within a round: `observed`
to `plain`, and `recording`, observed with tracepoints to observed without. Needs ab. Run it by scripts/bench,
or for images of your own: bench/observer.py REFERENCE PORT/PATH [REFERENCE PORT/PATH …]
"""

import contextlib
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from jettison.sandbox.journal import Journal
from jettison.sandbox.spec import Overrides
from jettison.slim.baseline import scene_of
from jettison.slim.plan import Drive
from jettison.stores.open import open_image
from jettison.verify.replay import Scene, replay
from jettison.workload.judge import require_working

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SERVICES = {"node-express": "3000/api/ships", "python-web": "8000/api/ports", "static-files": "80/about.html"}
REQUESTS = 5_000
ROUNDS = 5
PLAIN, PATHS, ALL = range(3)
"""Kinds of runs."""


def run(scene: Scene, output: Path, journal: Journal, kind: int) -> tuple[float, float]:
    """Seconds to ready and requests per second of one run."""
    without = patch("jettison.linux.bpf.obstacle", return_value="left out for comparison")
    with without if kind == PATHS else contextlib.nullcontext():
        seen = replay(scene, journal, observed=kind != PLAIN)
    require_working(seen.driven)
    found = re.search(r"Requests per second:\s+([\d.]+)", output.read_text())
    return seen.lifecycle.ready_seconds or 0.0, float(found[1]) if found else 0.0


def measure(reference: str, where: str, journal: Journal) -> str:
    """A line of medians."""
    with tempfile.NamedTemporaryFile("r") as output:
        load = f"ab -q -c 4 -n {REQUESTS} http://$JETTISON_HOST:{where} >{output.name}"
        scene, _ = scene_of(open_image(reference), Overrides(), Drive(crawl=False, host_exec=(load,)))
        rounds = [
            [run(scene, Path(output.name), journal, kind) for kind in (PLAIN, PATHS, ALL)]
            for _ in range(ROUNDS)
        ]
    ready, rate = ([[run[field] for run in each] for each in rounds] for field in (0, 1))
    return columns(ready, 2) + columns(rate, 0)


def columns(rounds: list[list[float]], digits: int) -> str:
    """Medians of plain runs and of fully observed ones, and of the ratios within the rounds."""
    plain, observed = (statistics.median(each[kind] for each in rounds) for kind in (PLAIN, ALL))
    ratio = statistics.median(each[ALL] / each[PLAIN] for each in rounds)
    recording = statistics.median(each[ALL] / each[PATHS] for each in rounds)
    return f"{plain:9.{digits}f} {observed:9.{digits}f} {ratio:6.2f} {recording:9.2f}"


def main(arguments: list[str]) -> None:
    """Measure the images and paths that are given by turns, or the examples."""
    if not arguments:
        subprocess.run([EXAMPLES / "build", *SERVICES], check=True)
    examples = [(f"docker-daemon:jettison-examples/{name}", where) for name, where in SERVICES.items()]
    given = list(zip(arguments[::2], arguments[1::2], strict=True)) or examples
    heads = f"{'observed':>9} {'ratio':>6} {'recording':>9}"
    print(f"{'ready s':>9} {heads}{'req/s':>9} {heads}  image")
    with Journal() as journal:
        for reference, where in given:
            print(f"{measure(reference, where, journal)}  {reference}:{where}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
