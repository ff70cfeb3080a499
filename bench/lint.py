"""How long `jettison lint` takes for each Dockerfile, against hadolint on the same files.

Prints milliseconds per file, medians of whole runs over all files: without ShellCheck, with it and an empty
cache, with it and a full cache, and hadolint; then ratios.

    .venv/bin/python bench/lint.py [FOLDER [FILES [ROUNDS]]]    # default: examples, 500, 3
"""

import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jettison.lint.files import find

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
ROUNDS = 3
BATCH = 500
"""Files of one call; both programs get the same ones."""


def run(command: list[str], cache: str) -> tuple[float, float]:
    """Seconds of one call: by the clock, and of processor time with its children."""
    env = {**os.environ, "XDG_CACHE_HOME": cache}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    seconds = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES
    files = [str(path) for path in find([folder])]
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else BATCH
    files = sorted(random.Random(1).sample(files, min(wanted, len(files))))
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else ROUNDS
    jettison = [sys.executable, "-m", "jettison", "lint", "--format", "json"]
    hadolint = shutil.which("hadolint") or str(Path(sys.executable).with_name("hadolint"))
    times: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            for name, command in {
                "without ShellCheck": [*jettison, "--no-shellcheck"],
                "cold": [*jettison, "--shellcheck"],
                "cached": [*jettison, "--shellcheck"],
                "hadolint": [hadolint, "--no-fail", "--format", "json"],
            }.items():
                times.setdefault(name, []).append(run([*command, *files], cache))
    medians = {
        name: (statistics.median(wall for wall, _ in found), statistics.median(cpu for _, cpu in found))
        for name, found in times.items()
    }
    print(f"{len(files)} files, medians of {rounds} runs; × is how much longer hadolint takes")
    print(f"{'':20} {'ms/file':>8} {'':>7} {'CPU ms/file':>12} {'':>7}")
    for name, figures in medians.items():
        wall, cpu = (seconds * 1000 / len(files) for seconds in figures)
        ratios = [theirs / ours for theirs, ours in zip(medians["hadolint"], figures, strict=True)]
        print(f"{name:20} {wall:8.1f} {ratios[0]:6.1f}× {cpu:12.1f} {ratios[1]:6.1f}×")


if __name__ == "__main__":
    main()
