"""The same without root: a real user, in a user namespace of its own."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sandbox_root import make_root, reap_adopted, running

import jettison
from builders import Item, archive

pytestmark = pytest.mark.integration

REVEAL = """
work=$1; shift
while [ "$1" != -- ]; do
  mkdir -p "$work/reveal$1/upper" "$work/reveal$1/work"
  chmod 755 "$work/reveal$1/upper"
  mount -t overlay -o "lowerdir=$1,upperdir=$work/reveal$1/upper,workdir=$work/reveal$1/work" none "$1"
  shift
done
shift
exec "$@"
"""
"""Shows folders that only root may enter (this interpreter, these sources) to all, in own mounts."""

PREPARE = """
import json, os, sys
from pathlib import Path
from jettison.sandbox.rootless import become_root
become_root()
sys.path.insert(0, sys.argv[1])
from sandbox_root import Place, traces
from jettison.sandbox.journal import Journal
from jettison.sandbox.spec import Mount
from jettison.sandbox.users import User
home = Path.home()
app = User(1000, 1000, (1234,), "/home/app")
"""

SHOW = (
    PREPARE
    + """
shown = {"euid": os.geteuid()}
with Journal() as journal:
    shown["state"] = str(journal.state)
    place = Place([home / "layer"], home / "work", journal)
    ports = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
    shown["root"] = place.output("sh", "-c", f"id -u; ls /sys/class/net; cat {ports}")
    script = "id -u; id -G; setuid-id -u; touch /tmp/x; stat -c %u /tmp/x"
    shown["app"] = place.output("sh", "-c", script, user=app)
    mounts = (Mount(source=home / "data", destination="/data"),)
    script = "cat /data/file; rm /data/file; echo new > /data/new; sleep 60"
    with place.run("sh", "-c", script, mounts=mounts) as box:
        done = box.exec(["sh", "-c", "sleep 31 & sleep 32"], timeout=0.3)
        shown["timed out"] = done.timed_out
        shown["none"] = box.exec(["none"], timeout=5).exit_code
        shown["exec"] = box.exec(["id", "-u"], timeout=5).stdout.decode()
        shown["written"] = (box.outputs.mounts["/data"] / "new").read_text()
        shown["usage"] = box.usage().memory_peak_bytes
        shown["killed"] = box.stop(grace_s=0.1).killed
    shown["traces"] = traces(home / "work", place.names)
print(json.dumps(shown))
"""
)

STAY = (
    PREPARE
    + """
with Journal() as journal:
    journal.sweep()
    if sys.argv[2:] == ["sweep"]:
        print(json.dumps(traces(home / "work", [])))
        sys.exit()
    with Place([home / "layer"], home / "work", journal).run("sleep", sys.argv[2], user=app) as box:
        print("runs", flush=True)
        box.wait(None)
"""
)


@dataclass(frozen=True)
class Visitor:
    """A user of this host who may do nothing special."""

    name: str
    home: Path

    def command(self, script: str, *arguments: str) -> list[str]:
        """The command that runs `script` as this user."""
        here = Path(__file__).parent
        needed = (Path(sys.base_prefix).resolve(), Path(sys.prefix), Path(jettison.__file__).parent, here)
        hidden = sorted(
            {str(folder) for path in needed for folder in path.parents if not folder.stat().st_mode & 1}
        )
        env = [
            f"HOME={self.home}",
            f"PATH={os.environ['PATH']}",
            f"JETTISON_RUNTIME={os.environ['JETTISON_RUNTIME']}",
            f"PYTHONPATH={Path(jettison.__file__).parents[1]}",
        ]
        user = [
            "runuser",
            "-u",
            self.name,
            "--",
            "env",
            "-i",
            *env,
            sys.executable,
            "-c",
            script,
            str(here),
            *arguments,
        ]
        return ["unshare", "--mount", "sh", "-euc", REVEAL, "sh", str(self.home.parent), *hidden, "--", *user]


@contextmanager
def user(*options: str) -> Iterator[Visitor]:
    """A new user, made with these options of useradd, whose home folder holds a root file system."""
    name = f"jettison-{secrets.token_hex(3)}"
    with tempfile.TemporaryDirectory(prefix="jettison-visitor-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder, "home")
        command = ["useradd", *options, "--home-dir", str(home), "--create-home", name]
        subprocess.run(command, check=True, capture_output=True)
        try:
            (home / "layer").mkdir()
            make_root(home / "layer")
            (home / "data").mkdir()
            (home / "data/file").write_text("of the host\n")
            subprocess.run(["chown", "-R", f"{name}:", str(home)], check=True)
            (home / "layer/usr/bin/setuid-id").chmod(0o4755)
            yield Visitor(name, home)
        finally:
            subprocess.run(["userdel", name], check=True, capture_output=True)


@pytest.fixture(scope="module")
def visitor() -> Iterator[Visitor]:
    with user() as made:
        yield made


@pytest.fixture(scope="module")
def loner() -> Iterator[Visitor]:
    """A user without subordinate ids, which useradd gives to no system user."""
    with user("--system", "--user-group") as made:
        assert made.name not in Path("/etc/subuid").read_text()
        yield made


def with_runtime(runtime: str, who: Visitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """`who`, with the containers of `runtime`, if this host lets them run any."""
    if shutil.which(runtime) is None:
        pytest.skip(f"no {runtime} on this host")
    if subprocess.run(["runuser", "-u", who.name, "--", "unshare", "--user", "true"]).returncode:
        pytest.skip("this host gives users no user namespaces")
    monkeypatch.setenv("JETTISON_RUNTIME", runtime)
    return who


@pytest.fixture(params=["crun", "runc"])
def guest(request: pytest.FixtureRequest, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    return with_runtime(request.param, visitor, monkeypatch)


def test_containers_run_without_root(guest: Visitor) -> None:
    done = subprocess.run(guest.command(SHOW), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown == {
        "euid": 0,
        "state": str(guest.home / ".local/state/jettison"),
        "root": "0\nlo\n0\n",
        "app": "1000\n1000 1234\n0\n1000\n",
        "timed out": True,
        "none": 127,
        "exec": "0\n",
        "written": "new\n",
        "usage": None,
        "killed": True,
        "traces": [],
    }
    assert (guest.home / "data/file").read_text() == "of the host\n"


def test_a_kill_is_cleaned_up_without_root(guest: Visitor) -> None:
    mark = f"3{os.getpid()}"
    command = guest.command(STAY, mark)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"runs\n"
        [owner] = [
            pid for pid in running(mark) if b"become_root" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ][-1:]
        os.kill(owner, signal.SIGKILL)
        process.wait(10)
    deadline = time.monotonic() + 5
    while running(mark) and time.monotonic() < deadline:
        reap_adopted()
        time.sleep(0.02)
    assert running(mark) == []
    assert list((guest.home / "work").glob("jettison-*"))
    done = subprocess.run(guest.command(STAY, "sweep"), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    reap_adopted()


def image_from(folder: Path, target: Path, **config: object) -> str:
    """A Docker archive of what is in `folder`, and of a file and a folder of somebody else."""
    items = [Item("etc/theirs", b"theirs\n", uid=1000, gid=1234), Item("srv", None, uid=1000, gid=1000)]
    for path in sorted(folder.rglob("*")):
        name, mode = str(path.relative_to(folder)), path.lstat().st_mode & 0o7777
        if path.is_symlink():
            items.append(Item(name, link=os.readlink(path)))
        else:
            items.append(Item(name, None if path.is_dir() else path.read_bytes(), mode=mode))
    target.mkdir()
    reference = archive(target, [items], config={"Env": ["PATH=/usr/bin"], **config})
    for path in (target, *target.iterdir()):
        path.chmod(0o755)
    return reference


JETTISON = "import sys\nfrom jettison.cli.app import run\nsys.exit(run(sys.argv[2:]))\n"


def slim(visitor: Visitor | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A job of this user, or of root."""
    command = ["slim", "--keep", "observed", *arguments]
    whole = visitor.command(JETTISON, *command) if visitor else [sys.executable, "-m", "jettison", *command]
    return subprocess.run(whole, capture_output=True, text=True, timeout=120)


@pytest.fixture(params=["crun", "runc"])
def alone(request: pytest.FixtureRequest, loner: Visitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    return with_runtime(request.param, loner, monkeypatch)


def digest_in(layout: Path) -> str:
    return str(json.loads((layout / "index.json").read_text())["manifests"][0]["digest"])


def test_without_subordinate_ids_the_result_is_the_same(
    alone: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Owners come from the layers, and not from the disk."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with tempfile.TemporaryDirectory(dir="/var/tmp") as shared:
        Path(shared).chmod(0o777)
        script = "cat /etc/theirs; ls -d /srv; id -u; echo x > /tmp/y; cat /tmp/y"
        source = image_from(alone.home / "layer", Path(shared, "image"), Cmd=["sh", "-c", script])
        done = slim(None, source, "--output", f"oci:{shared}/root:1", "--report", f"{shared}/report")
        assert done.returncode == 0, done.stderr
        evidence = Path(shared, "report/evidence.json")
        evidence.chmod(0o644)
        Path(shared, "report").chmod(0o755)
        done = slim(alone, source, "--evidence", str(evidence), "--output", f"oci:{shared}/alone:1")
        assert done.returncode == 0, done.stderr
        assert "without subordinate ids" in done.stderr
        assert "usermod --add-subuids" in " ".join(done.stderr.split())
        again = slim(None, source, "--evidence", str(evidence), "--output", f"oci:{shared}/again:1")
        assert again.returncode == 0, again.stderr
        assert digest_in(Path(shared, "alone")) == digest_in(Path(shared, "again"))


def test_an_image_of_another_user_says_what_is_missing(alone: Visitor) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as shared:
        Path(shared).chmod(0o777)
        source = image_from(alone.home / "layer", Path(shared, "image"), Cmd=["id"], User="app")
        done = slim(alone, source, "--output", f"oci:{shared}/slim:1")
        assert done.returncode == 4, done.stderr
        assert "user 1000" in done.stderr
        assert "usermod --add-subuids" in " ".join(done.stderr.split())
        assert not Path(shared, "slim").exists()


def test_a_user_without_subordinate_ids_is_told_by_the_doctor(alone: Visitor) -> None:
    script = JETTISON.replace("sys.argv[2:]", "['doctor', '--json']")
    done = subprocess.run(alone.command(script), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    (found,) = [check for check in json.loads(done.stdout) if check["name"] == "privileges"]
    assert not found["ok"]
    assert "--add-subuids" in found["remedy"]
