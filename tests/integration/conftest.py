"""A real Docker engine, real images, a command to run, and the proof that nothing is left of it."""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PR_SET_CHILD_SUBREAPER = 36
SETTLE_S = 5.0
"""How long what a test ended may take to be gone."""


@dataclass(frozen=True)
class Engine:
    """A Docker engine that runs for this session: its address, and the client that can build on it."""

    host: str
    client: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables of this process, and those that lead to the engine."""
        return {**os.environ, "DOCKER_HOST": self.host, "DOCKER": self.client, "DOCKER_BUILDKIT": "1"}

    def docker(self, *arguments: str) -> str:
        """Run the Docker client, give its output without the last line break."""
        command = [self.client, *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
        return done.stdout.strip()

    def script(self, path: Path, *arguments: str) -> None:
        """Run a script of the examples against the engine; it must succeed."""
        command = [str(path), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{path.name} {' '.join(arguments)}: {done.stdout}{done.stderr}"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The machine's engine or a private one, up for as long as this session."""
    holder = subprocess.Popen(
        [str(ROOT / "scripts/engine"), "sh", "-c", 'echo "$DOCKER_HOST $DOCKER"; exec cat >/dev/null'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C ends the tests first, then the engine
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    with holder:
        host, _, client = holder.stdout.readline().strip().partition(" ")
        assert client, "scripts/engine could not start a Docker engine"
        yield Engine(host=host, client=client)
        holder.stdin.close()
        assert holder.wait(timeout=60) == 0


@pytest.fixture(scope="session")
def example_image(engine: Engine) -> Callable[[str], str]:
    """A function that builds an example on demand and gives the name of its image."""
    built = set[str]()

    def build(name: str) -> str:
        if name not in built:
            engine.script(EXAMPLES / "build", name)
            built.add(name)
        return f"jettison-examples/{name}"

    return build


@pytest.fixture(scope="session")
def tiny_image(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image of under a megabyte: one static server that can misbehave, and files it does not need."""
    folder = tmp_path_factory.mktemp("tiny")
    source = Path(__file__).parent / "tiny"
    subprocess.run(["gcc", "-static", "-O1", "-Wall", "-o", folder / "app", source / "app.c"], check=True)
    (folder / "greeting").write_text("ahoy\n")
    (folder / "ballast").mkdir()
    for number in range(20):
        (folder / f"ballast/{number}").write_bytes(bytes([number]) * 10_000)
    engine.docker(
        "build", "--quiet", "--tag", "jettison-tests/tiny", "--file", str(source / "Dockerfile"), str(folder)
    )
    return "jettison-tests/tiny"


@pytest.fixture
def podman_image() -> Iterator[Callable[[str], str]]:
    """A function that gives the reference of a name in Podman; what is there afterwards is removed."""
    names: list[str] = []

    def reference(name: str) -> str:
        names.append(name)
        return f"podman:{name}"

    yield reference
    subprocess.run(["podman", "rmi", "-f", *names], capture_output=True)


@pytest.fixture(scope="session", autouse=True)
def adopt_orphans() -> None:
    """Become the parent of whatever a killed process leaves behind, so that it can be found."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked layers and merged trees that the tests of a session share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def private_folders(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """State and temporary folders of its own for one test; gives the folder that holds both.

    Its path is short: the path of a Unix socket in it has 107 bytes at the most.
    """
    with tempfile.TemporaryDirectory(prefix="jettison-test-") as name:
        folder = Path(name)
        for variable, part in (("XDG_STATE_HOME", "state"), ("TMPDIR", "tmp")):
            (folder / part).mkdir()
            monkeypatch.setenv(variable, str(folder / part))
        monkeypatch.setenv("XDG_CACHE_HOME", str(shared_cache))
        yield folder


@pytest.fixture(autouse=True)
def clean_host(private_folders: Path) -> Iterator[Callable[[], list[str]]]:
    """Fail a test that leaves a process, mount, cgroup or temporary file; gives the function that looks."""
    before = {*_processes(), *_abandoned_cgroups()}

    def leftovers() -> list[str]:
        deadline = time.monotonic() + SETTLE_S
        while found := _leftovers(private_folders, before):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return found

    yield leftovers
    found = leftovers()
    for pid in _processes().keys() - before:
        os.kill(pid, signal.SIGKILL)
    assert found == []


@pytest.fixture
def jettison(engine: Engine, private_folders: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function that runs the `jettison` command with the engine of this session; `env` adds variables."""

    def run(
        *arguments: str | Path, timeout: float = 300, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "jettison", *map(str, arguments)],
            env={**engine.environment, **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run


def _leftovers(folder: Path, before: Set[int | Path]) -> list[str]:
    """What one test has left, as lines to read; processes and cgroups of `before` are not its own."""
    state = folder / "state/jettison"
    return [
        *(f"process {pid}: {line}" for pid, line in _processes().items() if pid not in before),
        *(f"mount {target}" for target in _mounts() if Path(target).is_relative_to(folder)),
        *(f"cgroup {group}" for group in _abandoned_cgroups() if group not in before),
        *(f"temporary {path}" for path in [*(folder / "tmp").iterdir(), *state.glob("work/*")]),
        *(f"journal {path}" for path in state.glob("journal/*")),
    ]


def _processes() -> dict[int, str]:
    """All living descendants of this process, with their command lines."""
    parents, lines = {}, {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(errors="replace")
            lines[int(entry.name)] = (entry / "cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            continue
        state, parent = stat.rpartition(")")[2].split()[:2]
        if state not in "ZX":
            parents[int(entry.name)] = int(parent)
    return {pid: lines[pid] for pid in parents if _descends(pid, parents)}


def _descends(pid: int, parents: dict[int, int]) -> bool:
    while pid := parents.get(pid, 0):
        if pid == os.getpid():
            return True
    return False


def _mounts() -> list[str]:
    return [line.split(" ")[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]


def _abandoned_cgroups() -> list[Path]:
    """Cgroups of sandboxes that hold no process any more; a living one may belong to somebody else's run."""
    root = Path("/sys/fs/cgroup")
    groups = [*root.glob("jettison-*"), *root.glob("*/jettison-*")]
    return [path for path in groups if not _populated(path)]


def _populated(group: Path) -> bool:
    try:
        return any(
            file.read_text().strip() for file in (group / "cgroup.procs", *group.glob("**/cgroup.procs"))
        )
    except OSError:
        return True  # it goes away while one looks at it
