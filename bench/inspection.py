"""How long `jettison inspect` takes against dive, on the same images of the engine and on archives of them.

Prints for each image and source: the median seconds of dive, of an inspection with everything on and of one
without secrets and packages, their ratios to dive, and the peak memory of the inspection. `first` begins with
an empty cache, `again` has seen the layers. Arguments: images of 1.2 GB and more; by default, one is made.
The modules are compiled, as they are in an installed package.
"""

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
DIVE = shutil.which("dive") or str(Path(sys.executable).with_name("dive"))
ROUNDS = 3
OFF = ("--no-secrets", "--no-packages")
DEFAULT = "jettison-examples/node-express"


def timed(command: list[str], **environment: str) -> tuple[float, int]:
    """Seconds and peak memory in bytes of a command, which may exit as it likes."""
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **environment}) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command} ended with exit code {process.returncode}")
    return time.monotonic() - start, usage.ru_maxrss * 1024


def inspect(source: str, cache: Path, *options: str) -> tuple[float, int]:
    command = [sys.executable, "-m", "jettison", "inspect", source, "--quiet", *options]
    return timed(command, XDG_CACHE_HOME=str(cache))


def first(source: str, cache: Path, *options: str) -> tuple[float, int]:
    shutil.rmtree(cache / "jettison", ignore_errors=True)
    return inspect(source, cache, *options)


def compare(label: str, dive: str, source: str, cache: Path) -> None:
    """Take turns, so that a slow moment of the machine meets all alike."""
    runs: dict[str, list[tuple[float, int]]] = {}
    for _ in range(ROUNDS):
        runs.setdefault("dive", []).append(timed([DIVE, "--ci", dive], CI="true"))
        runs.setdefault("first", []).append(first(source, cache))
        runs.setdefault("again", []).append(inspect(source, cache))
        runs.setdefault("off first", []).append(first(source, cache, *OFF))
        runs.setdefault("off again", []).append(inspect(source, cache, *OFF))
    seconds = {name: statistics.median(run[0] for run in found) for name, found in runs.items()}
    peak = max(memory for name, found in runs.items() if name != "dive" for _, memory in found)
    ratios = [seconds[name] / seconds["dive"] for name in ("first", "again", "off first", "off again")]
    print(f"{label:44} {seconds['dive']:7.2f} " + " ".join(f"{r:9.2f}" for r in ratios) + f" {peak >> 20:9}")


def main() -> None:
    images = sys.argv[1:]
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if not images:
        subprocess.run([EXAMPLES / "build", DEFAULT.rpartition("/")[2]], check=True)
        images = [DEFAULT]
    print(
        f"{'':44} {'dive s':>7} {'first':>9} {'again':>9} {'off first':>9} {'off again':>9} {'peak MiB':>9}"
    )
    with tempfile.TemporaryDirectory() as scratch:
        cache, archive = Path(scratch) / "cache", Path(scratch) / "image.tar"
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(scratch) / "compiled")
        subprocess.run([sys.executable, "-m", "jettison.cli.inspect"], check=True)
        for image in images:
            compare(f"{image}, engine", f"docker://{image}", f"docker-daemon:{image}", cache)
            subprocess.run([DOCKER, "save", image, "--output", archive], check=True)
            compare(f"{image}, archive", f"docker-archive://{archive}", f"docker-archive:{archive}", cache)


if __name__ == "__main__":
    main()
