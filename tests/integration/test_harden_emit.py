"""What is emitted is accepted by those it is meant for, and the application answers under all of it."""

import json
import os
import shlex
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from deployments import (
    DATA,
    EVIDENCE,
    TMP,
    deployment,
    deployments,
    files,
    node,
    paths,
    settings,
    tree,
)
from hypothesis import HealthCheck, given
from hypothesis import settings as limited
from hypothesis import strategies as st
from msgspec import structs

from jettison.harden import model
from jettison.harden.emit import emit
from jettison.layers.tree import FileTree
from jettison.observe.evidence import Access, Exec, Operation, Socket, Write, WriteOperation
from jettison.stores.open import open_image

pytestmark = pytest.mark.integration
few = limited(max_examples=25, suppress_health_check=list(HealthCheck))
CALLS = (
    *(
        "accept",
        "accept4",
        "access",
        "arch_prctl",
        "bind",
        "brk",
        "capget",
        "capset",
        "chdir",
        "clock_gettime",
    ),
    *("clone", "close", "close_range", "connect", "dup", "dup2", "dup3", "epoll_create1", "epoll_ctl"),
    *(
        "epoll_pwait",
        "execve",
        "exit",
        "exit_group",
        "faccessat2",
        "fchdir",
        "fchown",
        "fcntl",
        "fstat",
        "fstatfs",
    ),
    *(
        "futex",
        "getcwd",
        "getdents64",
        "getpid",
        "getppid",
        "getrandom",
        "gettid",
        "ioctl",
        "listen",
        "lseek",
    ),
    *(
        "madvise",
        "mmap",
        "mprotect",
        "munmap",
        "nanosleep",
        "newfstatat",
        "open",
        "openat",
        "pipe2",
        "pread64",
    ),
    *("prctl", "prlimit64", "read", "readlink", "readlinkat", "rseq", "rt_sigaction", "rt_sigprocmask"),
    *(
        "rt_sigreturn",
        "sched_yield",
        "set_robust_list",
        "set_tid_address",
        "setgid",
        "setgroups",
        "setsockopt",
    ),
    *("setuid", "sigaltstack", "socket", "stat", "statx", "tgkill", "uname", "wait4", "write", "writev"),
)
"""What the application and the start of a container need."""

NETWORK = "slirp4netns"
"""Of the networks of Podman on which ports can be published, the one that leaves nothing on the host."""


def run(*command: object, cwd: Path | None = None, **variables: str) -> str:
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def written(folder: Path, emitted: dict[str, str]) -> Path:
    for name, text in emitted.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("emitted")


@few
@given(deployments)
def test_compose_accepts_whatever_was_decided(folder, deployed):
    image = tree(node("bin/chown"))
    secrets = dict.fromkeys(deployed.service.secret_env, "x")
    written(folder, files(deployed, image=image))
    read = run("docker-compose", "--file", "compose.yaml", "config", cwd=folder, **secrets)
    assert "services:" in read


evidence = st.builds(
    lambda read, write, ran, sockets: structs.replace(
        EVIDENCE,
        paths={path: Access(operations={Operation.OPEN}, by={"/bin/web"}) for path in read},
        writes={path: Write(operations={WriteOperation.WRITE}) for path in write},
        execs=[Exec(path, (path,)) for path in ran],
        sockets=set(sockets),
    ),
    st.lists(paths, max_size=5),
    st.lists(paths, max_size=3),
    st.lists(paths, max_size=3),
    st.lists(
        st.builds(
            Socket,
            direction=st.just("listen"),
            family=st.sampled_from(["inet", "inet6", "unix"]),
            protocol=st.sampled_from(["tcp", "udp", "stream", "dgram", "unknown"]),
            address=paths,
        ),
        max_size=3,
    ),
)


@few
@given(deployments, evidence)
def test_apparmor_parser_accepts_whatever_was_seen(folder, deployed, seen):
    written(folder, files(deployed, seen))
    run("apparmor_parser", "--skip-kernel-load", "--skip-cache", "apparmor", cwd=folder)


def tiny(image, **more) -> model.Deployment:
    """The tiny application, as strict as it can be."""
    seccomp = model.Seccomp(names=CALLS, used=(), because="its source", families=(2,))
    base = deployment(
        service={"name": "tiny", "image": image, "ports": (model.Port(8080, "tcp", "its source"),)}
    )
    strict = settings(seccomp=seccomp, run_as=model.RunAs(65532, 65532, "its source"), **more)
    return structs.replace(base, settings=strict, operations=model.Operations())


def answer() -> str:
    for _ in range(50):
        try:
            with urllib.request.urlopen("http://127.0.0.1:8080/", timeout=5) as response:
                return response.read(1000).decode()
        except OSError:
            time.sleep(0.2)
    raise AssertionError("no answer")


def assert_confined(pid: str) -> None:
    """All that can be read from outside about the process is as strict as was asked for."""
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    assert status["Uid"].split()[0] == "65532"
    assert (int(status["CapEff"], 16), int(status["CapBnd"], 16)) == (0, 0)
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    mounts = [line.split() for line in Path(f"/proc/{pid}/mounts").read_text().splitlines()]
    root = [options for _, place, _, options, *_ in mounts if place == "/"]
    assert root[0].split(",")[0] == "ro"


@pytest.fixture
def project(engine, tiny_image, tmp_path) -> Iterator[Path]:
    """The folder that is emitted for the tiny image, and the project that runs in it; gone afterwards."""
    image = open_image(f"docker-daemon:{tiny_image}", docker_host=engine.host)
    volume = structs.replace(DATA, path="/var/tiny", uid=65532, gid=65532)
    emitted = emit(tiny(tiny_image, storage=(TMP, volume)), EVIDENCE, image.config, FileTree.of(image))
    yield written(tmp_path, emitted)
    subprocess.run(
        ["docker-compose", "-p", "jettisontests", "down", "-v", "-t", "1"],
        cwd=tmp_path,
        env=engine.environment,
    )


def test_the_application_answers_under_everything_that_compose_enforces(engine, project):
    run("docker-compose", "-p", "jettisontests", "up", "-d", cwd=project, DOCKER_HOST=engine.host)
    assert answer()
    identity = run(
        "docker-compose", "-p", "jettisontests", "ps", "-q", cwd=project, DOCKER_HOST=engine.host
    ).strip()
    (state,) = json.loads(engine.docker("inspect", identity))
    assert_confined(str(state["State"]["Pid"]))
    limits = state["HostConfig"]
    assert (limits["Memory"], limits["PidsLimit"], limits["ShmSize"]) == (96 << 20, 64, 64 << 20)
    assert {mount["Destination"] for mount in state["Mounts"]} == {"/var/tiny"}
    assert limits["Tmpfs"]["/tmp"].startswith("size=16777216,uid=101,gid=101,mode=1777")


@pytest.fixture
def podman(engine, tiny_image, private_folders, monkeypatch) -> Iterator[list[str]]:
    """A Podman of its own, whose containers can run here, with the tiny image."""
    with tempfile.TemporaryDirectory(dir=private_folders) as name:  # its path must be short
        conf = Path(name) / "containers.conf"
        conf.write_text('[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n')
        monkeypatch.setenv("CONTAINERS_CONF", str(conf))
        command = ["podman", "--root", f"{name}/root", "--runroot", f"{name}/run", "--runtime", "runc"]
        command += ["--cgroup-manager", "cgroupfs"]
        engine.docker("save", "--output", f"{name}/tiny.tar", tiny_image)
        run(*command, "load", "-q", "-i", f"{name}/tiny.tar")
        yield command
        run(*command, "system", "reset", "-f")


def test_the_application_answers_when_podman_plays_it(podman, project):
    run(
        *podman,
        "kube",
        "play",
        "--network",
        NETWORK,
        "--seccomp-profile-root",
        ".",
        "podman.yaml",
        cwd=project,
    )
    try:
        assert answer()
        assert_confined(run(*podman, "inspect", "-f", "{{.State.Pid}}", "tiny-pod-0-tiny").strip())
        assert "127.0.0.1:8080->8080/tcp" in run(*podman, "ps", "--format", "{{.Ports}}")
    finally:
        run(*podman, "kube", "down", "podman.yaml", cwd=project)


def test_podman_plays_a_job(podman, engine, tiny_image, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o777)
    (data / "in").write_text("one\n")
    image = open_image(f"docker-daemon:{tiny_image}", docker_host=engine.host)
    strict = tiny(tiny_image)
    mount = model.Mounted(path="/data", source=str(data), kind=model.MountKind.FOLDER)
    service = structs.replace(strict.service, command=("copy",), mounts=(mount,), ports=())
    job = structs.replace(strict, service=service, life=structs.replace(strict.life, batch=True))
    written(tmp_path, emit(job, EVIDENCE, image.config, FileTree.of(image)))
    play = [*podman, "kube", "play", "--network", NETWORK, "--seccomp-profile-root", "."]
    run(*play, "podman.yaml", cwd=tmp_path)
    try:
        assert run(*podman, "wait", "tiny-tiny").strip() == "0"
        assert (data / "out").read_text() == "one\n"
    finally:
        run(*podman, "kube", "down", "podman.yaml", cwd=tmp_path)


OPTIONS = {
    "AddCapability": "--cap-add={}",
    "ContainerName": "--name={}",
    "DropCapability": "--cap-drop={}",
    "NoNewPrivileges": "--security-opt=no-new-privileges={}",
    "PidsLimit": "--pids-limit={}",
    "PublishPort": "--publish={}",
    "ReadOnly": "--read-only={}",
    "SeccompProfile": "--security-opt=seccomp={}",
    "ShmSize": "--shm-size={}",
    "Tmpfs": "--tmpfs={}",
    "Ulimit": "--ulimit={}",
    "Volume": "--volume={}",
}
"""Key of a `.container` file → option of `podman run`."""


def arguments(unit: str, folder: Path) -> list[str]:
    """What Podman's generator would make of `unit`, for this Podman may be too old to have one."""
    lines = [line.split("=", 1) for line in unit.partition("[Service]")[0].splitlines() if "=" in line[:20]]
    container = [(key, value.replace("%E/containers/systemd", str(folder))) for key, value in lines]
    known = dict(container)
    out = [OPTIONS[key].format(value.replace(".volume", "")) for key, value in container if key in OPTIONS]
    out += [word for key, value in container if key == "PodmanArgs" for word in shlex.split(value)]
    return [*out, f"--user={known['User']}:{known['Group']}", known["Image"]]


def test_the_application_answers_with_the_options_of_its_unit(podman, project):
    command = arguments((project / "tiny.container").read_text(), project)
    run(
        *podman, "run", "--detach", "--network", NETWORK, "--ulimit", "nproc=1024:1024", *command, cwd=project
    )
    try:
        assert answer()
        assert_confined(run(*podman, "inspect", "-f", "{{.State.Pid}}", "tiny").strip())
    finally:
        run(*podman, "rm", "-f", "-v", "tiny")
