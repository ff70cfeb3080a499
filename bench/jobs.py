"""How long a whole `jettison slim` takes against one plain start, check and stop of the container in Docker.

Prints for each example: seconds of both and their ratio, the peak memory of jettison, sizes before and after.
Run it by scripts/bench.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
DOCKER = os.environ.get("DOCKER", "docker")
ROUNDS = 3
MIB = 1024 * 1024


def docker(*arguments: str) -> str:
    return subprocess.run([DOCKER, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def plain(name: str) -> float:
    """Seconds of start, check and stop by Docker."""
    image = f"jettison-examples/{name}"
    start = time.monotonic()
    if (EXAMPLES / name / "data").exists():
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(EXAMPLES / name / "data", folder, dirs_exist_ok=True)
            docker("run", "--rm", "--network", "none", "--volume", f"{folder}:/data", image)
            subprocess.run([EXAMPLES / name / "verify", folder], check=True)
        return time.monotonic() - start
    container = docker("run", "--detach", "--publish-all", image)
    try:
        port = docker("port", container).splitlines()[0].rpartition(":")[2]
        env = {
            "JETTISON_HOST": "127.0.0.1",
            "JETTISON_PORT": port,
            "JETTISON_URL": f"http://127.0.0.1:{port}",
        }
        verify = [EXAMPLES / name / "verify"]
        while subprocess.run(verify, env={**os.environ, **env}, capture_output=True).returncode != 0:
            time.sleep(0.02)
        docker("stop", container)
        return time.monotonic() - start
    finally:
        docker("rm", "--force", container)


def job(name: str, report: Path) -> tuple[float, int]:
    """Seconds and peak memory in bytes of slimming, with the smallest policy."""
    if (EXAMPLES / name / "data").exists():
        workload = ["--mount", f"{EXAMPLES / name / 'data'}:/data"]
    else:
        workload = ["--host-exec", str(EXAMPLES / name / "verify")]
    command = [sys.executable, "-m", "jettison", "slim", f"docker-daemon:jettison-examples/{name}"]
    start = time.monotonic()
    process = subprocess.Popen(
        [*command, "--keep", "observed", "--quiet", "--report", str(report), *workload],
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"slimming {name} ended with exit code {process.returncode}")
    return seconds, usage.ru_maxrss * 1024


def main() -> None:
    names = sorted(path.parent.name for path in EXAMPLES.glob("*/Dockerfile"))
    subprocess.run([EXAMPLES / "build", *names], check=True)
    print(
        f"{'image':14} {'plain s':>8} {'job s':>8} {'ratio':>6} "
        f"{'peak MiB':>9} {'before MB':>10} {'after MB':>9}"
    )
    for name in names:
        with tempfile.TemporaryDirectory() as report:
            once = statistics.median(plain(name) for _ in range(ROUNDS))
            jobs = [job(name, Path(report)) for _ in range(ROUNDS)]
            document = json.loads((Path(report) / "report.json").read_bytes())
        docker("image", "rm", f"jettison-examples/{name}:latest-slim")
        seconds = statistics.median(each[0] for each in jobs)
        peak = max(each[1] for each in jobs) / MIB
        before, after = (document[key]["bytes"] / 1e6 for key in ("original", "slim"))
        print(
            f"{name:14} {once:8.2f} {seconds:8.2f} {seconds / once:6.2f} "
            f"{peak:9.0f} {before:10.1f} {after:9.1f}"
        )


if __name__ == "__main__":
    main()
