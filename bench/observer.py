"""What being observed costs an application: time to ready, and requests per second, in the same sandbox.

Prints for each service: seconds to ready and requests per second without and with the observer, and
their ratios, as medians of pairs of runs. Needs ab. Run it by scripts/bench, or for images of your own:
bench/observer.py REFERENCE PATH [REFERENCE PATH …]
"""

import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from jettison.sandbox.journal import Journal
from jettison.sandbox.spec import Overrides
from jettison.slim.baseline import scene_of
from jettison.slim.plan import Drive
from jettison.stores.open import open_image
from jettison.verify.replay import Scene, replay
from jettison.workload.judge import require_working

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SERVICES = {"node-express": "/api/ships", "python-web": "/api/ports", "static-files": "/about.html"}
REQUESTS = 10_000
ROUNDS = 5


def run(scene: Scene, output: Path, journal: Journal, *, observed: bool) -> tuple[float, float]:
    """Seconds to ready and requests per second of one run."""
    seen = replay(scene, journal, observed=observed)
    require_working(seen.driven)
    found = re.search(r"Requests per second:\s+([\d.]+)", output.read_text())
    return seen.lifecycle.ready_seconds or 0.0, float(found[1]) if found else 0.0


def measure(reference: str, path: str, journal: Journal) -> str:
    """A line of medians. Plain and observed runs take turns, so that what else the host does hits both."""
    with tempfile.NamedTemporaryFile("r") as output:
        load = f"ab -q -c 4 -n {REQUESTS} $JETTISON_URL{path} >{output.name}"
        scene, _ = scene_of(open_image(reference), Overrides(), Drive(crawl=False, host_exec=(load,)))
        pairs = [
            [run(scene, Path(output.name), journal, observed=observed) for observed in (False, True)]
            for _ in range(ROUNDS)
        ]
    ready, rate = ([[run[field] for run in pair] for pair in pairs] for field in (0, 1))
    return columns(ready, 2) + columns(rate, 0)


def columns(pairs: list[list[float]], digits: int) -> str:
    """Medians of plain runs, of observed runs, and of the ratios within the pairs."""
    plain, observed = (statistics.median(pair[place] for pair in pairs) for place in (0, 1))
    ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
    return f"{plain:9.{digits}f} {observed:9.{digits}f} {ratio:6.2f}"


def main(arguments: list[str]) -> None:
    """Measure the images and paths that are given by turns, or the examples."""
    if not arguments:
        subprocess.run([EXAMPLES / "build", *SERVICES], check=True)
    examples = [(f"docker-daemon:jettison-examples/{name}", path) for name, path in SERVICES.items()]
    given = list(zip(arguments[::2], arguments[1::2], strict=True)) or examples
    print(f"{'ready s':>9} {'observed':>9} {'ratio':>6}{'req/s':>9} {'observed':>9} {'ratio':>6}  image")
    with Journal() as journal:
        for reference, path in given:
            print(f"{measure(reference, path, journal)}  {reference}{path}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
