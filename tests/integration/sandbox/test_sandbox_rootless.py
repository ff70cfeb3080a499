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
from dataclasses import dataclass
from pathlib import Path

import pytest
from sandbox_root import make_root, reap_adopted, running

import jettison

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


@pytest.fixture(scope="module")
def visitor() -> Iterator[Visitor]:
    name = f"jettison-{secrets.token_hex(3)}"
    with tempfile.TemporaryDirectory(prefix="jettison-visitor-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder, "home")
        subprocess.run(
            ["useradd", "--home-dir", str(home), "--create-home", name], check=True, capture_output=True
        )
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


@pytest.fixture(params=["crun", "runc"])
def guest(request: pytest.FixtureRequest, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} on this host")
    if subprocess.run(["runuser", "-u", visitor.name, "--", "unshare", "--user", "true"]).returncode:
        pytest.skip("this host gives users no user namespaces")
    monkeypatch.setenv("JETTISON_RUNTIME", request.param)
    return visitor


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
