"""How long `jettison lint` takes for each Dockerfile, against hadolint on the same files.

Prints milliseconds per file, medians of whole runs over all files: without ShellCheck, with it and an empty
cache, with it and a full cache, and hadolint; then ratios.

    .venv/bin/python bench/lint.py [FOLDER [FILES]]    # default: examples, 500
"""

import os
import random
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


def run(command: list[str], cache: str) -> float:
    """Seconds of one call."""
    env = {**os.environ, "XDG_CACHE_HOME": cache}
    start = time.monotonic()
    done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    return time.monotonic() - start


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES
    files = [str(path) for path in find([folder])]
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else BATCH
    files = sorted(random.Random(1).sample(files, min(wanted, len(files))))
    jettison = [sys.executable, "-m", "jettison", "lint", "--format", "json"]
    hadolint = shutil.which("hadolint") or str(Path(sys.executable).with_name("hadolint"))
    times: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as cache:
            for name, command in {
                "without ShellCheck": [*jettison, "--no-shellcheck"],
                "cold": [*jettison, "--shellcheck"],
                "cached": [*jettison, "--shellcheck"],
                "hadolint": [hadolint, "--no-fail", "--format", "json"],
            }.items():
                times.setdefault(name, []).append(run([*command, *files], cache))
    medians = {name: statistics.median(found) for name, found in times.items()}
    print(f"{len(files)} files, medians of {ROUNDS} runs")
    print(f"{'':20} {'ms/file':>8} {'hadolint is slower by':>22}")
    for name, seconds in medians.items():
        print(f"{name:20} {seconds * 1000 / len(files):8.1f} {medians['hadolint'] / seconds:21.1f}×")


if __name__ == "__main__":
    main()
