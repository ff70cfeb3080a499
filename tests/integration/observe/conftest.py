"""A root file system with one static program, and a bench for each container runtime of this host."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from observed import Bench

from jettison.sandbox.journal import Journal
from jettison.sandbox.runtime import identify

PROGRAMS = (
    "strace",
    "sh",
    "ls",
    "find",
    "cat",
    "cp",
    "mv",
    "ln",
    "rm",
    "mkdir",
    "chmod",
    "touch",
    "tar",
    "env",
)


@pytest.fixture(scope="session")
def probe_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("probe")
    folder.chmod(0o755)
    for name in ("bin", "etc", "tmp", "run", "usr", "proc", "sys", "dev"):
        (folder / name).mkdir()
    source = Path(__file__).parent / "probe.c"
    program = folder / "bin/probe"
    subprocess.run(["gcc", "-static", "-pthread", "-O1", "-w", "-o", program, source], check=True)
    (folder / "bin/link").symlink_to("probe")
    (folder / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    return folder


@pytest.fixture(scope="session")
def witness_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This host's own programs, with the libraries they need, and a shell script."""
    folder = tmp_path_factory.mktemp("witness")
    for program in PROGRAMS:
        source = shutil.which(program)
        assert source, f"this host has no {program}"
        listed = subprocess.run(["ldd", source], capture_output=True, text=True).stdout
        for path in (source, *re.findall(r"(/\S+) \(0x", listed)):
            target = folder / ("usr/bin/" + program if path == source else path.lstrip("/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(path).resolve(), target)
    (folder / "usr/bin/script").write_text("#!/usr/bin/sh\ncat /etc/passwd > /dev/null\n")
    (folder / "usr/bin/script").chmod(0o755)
    (folder / "traces").mkdir()
    return folder


@pytest.fixture(params=["crun", "runc"])
def bench(
    request: pytest.FixtureRequest, probe_layer: Path, private_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    if identify(request.param) is None:
        pytest.skip(f"no {request.param} on this host")
    monkeypatch.setenv("JETTISON_RUNTIME", request.param)
    with Journal(private_folders / "state/jettison") as journal:
        yield Bench([probe_layer], private_folders, journal)
