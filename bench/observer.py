"""What being observed costs an application: time to ready, and requests per second, in the same sandbox.

Prints for each service: seconds to ready and requests per second without and with the observer, and
their ratios. Needs ab. Run it by scripts/bench.
"""

import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from jettison.sandbox.journal import Journal
from jettison.sandbox.spec import Overrides
from jettison.slim.baseline import scene_of
from jettison.slim.plan import Drive
from jettison.stores.open import open_image
from jettison.verify.replay import replay
from jettison.workload.judge import require_working

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SERVICES = {"node-express": "/api/ships", "python-web": "/api/ports", "static-files": "/about.html"}
REQUESTS = 3000
ROUNDS = 3


def measure(name: str, path: str, journal: Journal, *, observed: bool) -> tuple[float, float]:
    """Seconds to ready and requests per second, medians of the rounds."""
    with tempfile.NamedTemporaryFile("r") as output:
        load = f"ab -q -c 4 -n {REQUESTS} $JETTISON_URL{path} >{output.name}"
        image = open_image(f"docker-daemon:jettison-examples/{name}")
        scene, _ = scene_of(image, Overrides(), Drive(crawl=False, host_exec=(load,)))
        ready, rate = [], []
        for _ in range(ROUNDS):
            seen = replay(scene, journal, observed=observed)
            require_working(seen.driven)
            ready.append(seen.lifecycle.ready_seconds or 0.0)
            found = re.search(r"Requests per second:\s+([\d.]+)", Path(output.name).read_text())
            rate.append(float(found[1]) if found else 0.0)
    return statistics.median(ready), statistics.median(rate)


def main() -> None:
    subprocess.run([EXAMPLES / "build", *SERVICES], check=True)
    print(
        f"{'image':14} {'ready s':>8} {'observed':>9} {'ratio':>6} {'req/s':>8} {'observed':>9} {'ratio':>6}"
    )
    for name, path in SERVICES.items():
        with Journal() as journal:
            ready, rate = measure(name, path, journal, observed=False)
            ready_observed, rate_observed = measure(name, path, journal, observed=True)
        print(
            f"{name:14} {ready:8.2f} {ready_observed:9.2f} {ready_observed / ready:6.2f} "
            f"{rate:8.0f} {rate_observed:9.0f} {rate_observed / rate:6.2f}"
        )


if __name__ == "__main__":
    main()
