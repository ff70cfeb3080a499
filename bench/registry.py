"""How long a pull from a registry into an OCI layout takes against skopeo, both beginning with nothing.

A `docker-registry` on loopback serves; the two take turns. Prints for each image its compressed size, the
median seconds of skopeo and of `jettison copy`, the median processor seconds of both, and the median of the
ratios of the pairs with the least and the greatest. Arguments: images as skopeo names them
(docker-daemon:NAME:TAG, oci:DIR:TAG …); by default one is made, four layers of 256 MiB of which gzip saves
half.
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

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "integration")]

from registries import serving  # noqa: E402

from builders import Item, archive  # noqa: E402

ENGINE = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
PAIRS = 5
LAYERS, LAYER_BYTES = 4, 256 << 20


def timed(command: list[str], **environment: str) -> tuple[float, float]:
    """Seconds, and those of the processor, that a command takes."""
    os.sync()
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **environment}) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with exit code {process.returncode}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime


def jettison(source: str, scratch: Path) -> tuple[float, float]:
    shutil.rmtree(scratch / "cache", ignore_errors=True)
    shutil.rmtree(scratch / "ours", ignore_errors=True)
    command = [sys.executable, "-m", "jettison", "copy", "--quiet", source, f"oci:{scratch / 'ours'}:1"]
    return timed(command, XDG_CACHE_HOME=str(scratch / "cache"))


def skopeo(source: str, scratch: Path) -> tuple[float, float]:
    shutil.rmtree(scratch / "theirs", ignore_errors=True)
    return timed(
        ["skopeo", "copy", "--quiet", "--src-tls-verify=false", source, f"oci:{scratch / 'theirs'}:1"]
    )


def compare(label: str, source: str, scratch: Path) -> None:
    pairs = [(jettison(source, scratch), skopeo(source, scratch)) for _ in range(PAIRS)]
    size = sum(path.stat().st_size for path in (scratch / "ours").rglob("*") if path.is_file())
    ratios = sorted(ours[0] / theirs[0] for ours, theirs in pairs)
    middle = [statistics.median(pair[side][kind] for pair in pairs) for kind in (0, 1) for side in (1, 0)]
    spread = f"{statistics.median(ratios):6.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    print(
        f"{label:36} {size >> 20:6} " + " ".join(f"{value:9.2f}" for value in middle) + f"  {spread}",
        flush=True,
    )


def made(scratch: Path) -> str:
    """An image whose content gzip halves: bytes of four bits each."""
    table, noise = bytes(range(16)) * 16, random.Random(1)
    files = [b"".join(noise.randbytes(1 << 20) for _ in range(LAYER_BYTES >> 20)) for _ in range(LAYERS)]
    return archive(scratch, [[Item("file", content.translate(table))] for content in files])


def main() -> None:
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load before {load:.1f}, {PAIRS} pairs")
    print(f"{'':36} {'MiB':>6} {'skopeo s':>9} {'ours s':>9} {'cpu s':>9} {'ours cpu':>9}  ratio")
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder) / "registry") as host:
        scratch = Path(folder)
        for number, image in enumerate(sys.argv[1:] or [made(scratch)]):
            source = f"docker://{host}/bench/image{number}:1"
            push = ["skopeo", "copy", "--quiet", "--dest-tls-verify=false", "--src-daemon-host", ENGINE]
            subprocess.run([*push, image, source], check=True)
            compare(image.partition(f"{folder}/")[2] or image, source, scratch)


if __name__ == "__main__":
    main()
