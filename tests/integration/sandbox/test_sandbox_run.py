"""A container as Docker would set it up, from start to end, with each runtime that this host has."""

import os
import signal
import time
from pathlib import Path

import pytest
from sandbox_root import ENV, Place

from jettison.errors import ApplicationError, HostError
from jettison.linux.mount import mount_overlay, unmount
from jettison.sandbox.process import Exit
from jettison.sandbox.spec import CAPABILITIES, Mount
from jettison.sandbox.users import User

pytestmark = pytest.mark.integration

APP = User(1000, 1000, (1234,), "/home/app")


def test_exit_codes_and_signals_are_exact(place: Place) -> None:
    with place.run("sh", "-c", "exit 137") as box:
        assert box.wait(10) == Exit(137)
    with place.run("sh", "-c", "sleep 60") as box:
        assert box.poll() is None
        box.signal(signal.SIGKILL)
        assert box.wait(10) == Exit(137, signal.SIGKILL)


def test_output_and_start_time_are_known(place: Place) -> None:
    before = time.monotonic()
    with place.run("sh", "-c", "echo out; echo err >&2") as box:
        assert before < box.started_at < time.monotonic()
        assert box.wait(10) == Exit(0)
        box.output.finish(5)
        assert box.tail() == (b"out\n", b"err\n")


def test_stdin_is_empty_and_no_descriptor_leaks(place: Place) -> None:
    leaked = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(leaked, True)
    try:
        assert place.output("sh", "-c", "cat; ls /proc/self/fd").split() == ["0", "1", "2", "3"]
    finally:
        os.close(leaked)


def test_nothing_of_this_process_environment_gets_in(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the host")
    assert sorted(place.output("env").split()) == ["HOME=/", "PATH=/usr/bin:/bin"]


def test_a_user_gets_groups_home_and_no_effective_capabilities(place: Place) -> None:
    out = place.output("sh", "-c", "id; echo $HOME; grep CapEff /proc/self/status; setuid-id -u", user=APP)
    assert out.splitlines()[0] == "uid=1000(app) gid=1000(app) groups=1000(app),1234(extra)"
    assert out.splitlines()[1:] == ["/home/app", "CapEff:\t0000000000000000", "0"]


def test_root_has_dockers_capabilities(place: Place) -> None:
    out = place.output("grep", "-E", "Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs", "/proc/self/status")
    docker = "00000000a80425fb"
    values = dict(line.split(":\t") for line in out.splitlines())
    assert values == {
        "CapInh": "0000000000000000",
        "CapPrm": docker,
        "CapEff": docker,
        "CapBnd": docker,
        "CapAmb": "0000000000000000",
        "NoNewPrivs": "0",
    }
    assert len(CAPABILITIES) == 14


def test_a_missing_working_directory_is_made(place: Place) -> None:
    with place.run("sh", "-c", "pwd; stat -c %a:%u .", cwd="/srv/app") as box:
        box.wait(10)
        box.output.finish(5)
        assert box.output.stdout == b"/srv/app\n755:0\n"


def test_only_what_the_application_did_is_in_the_upper_folder(place: Place, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    mounts = (Mount(source=tmp_path / "data", destination="/made/for/mount"),)
    argv = ("sh", "-c", "echo x > /made/file; rm /etc/passwd; chmod 700 /home")
    with place.run(*argv, cwd="/made/cwd", mounts=mounts) as box:
        assert box.wait(10) == Exit(0)
        [upper] = (path for path in place.work.glob("*/upper") if (path.parent / "init").exists())
        found = sorted(str(path.relative_to(upper)) for path in upper.rglob("*"))
    assert found == ["etc", "etc/passwd", "home", "made", "made/file"]


def test_the_network_is_loopback_and_low_ports_are_free(place: Place) -> None:
    assert place.output("sh", "-c", "ls /sys/class/net; cat /sys/class/net/lo/flags").split() == ["lo", "0x9"]
    assert place.output("cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start").strip() == "0"


def test_the_engines_files_are_there(place: Place) -> None:
    out = place.output("sh", "-c", "hostname; cat /etc/hostname /etc/hosts; ls -a / | grep docker")
    assert out.startswith("jettison\njettison\n127.0.0.1\tlocalhost\n")
    assert "127.0.0.1\tjettison\n" in out
    assert ".dockerenv" in out


def test_devices_are_the_few_that_docker_gives(place: Place) -> None:
    names = set(place.output("ls", "/dev").split())
    assert {
        "fd",
        "full",
        "mqueue",
        "null",
        "ptmx",
        "pts",
        "random",
        "shm",
        "stderr",
        "stdin",
        "stdout",
    } <= names
    assert {"tty", "urandom", "zero"} <= names
    assert names <= {
        "console",
        "core",
        "fd",
        "full",
        "mqueue",
        "null",
        "ptmx",
        "pts",
        "random",
        "shm",
        "stderr",
    } | {*("stdin", "stdout", "tty", "urandom", "zero")}


def test_a_device_that_the_application_makes_cannot_be_opened(place: Place) -> None:
    out = place.output(
        "sh", "-c", "mknod /dev/mem2 c 1 1; head -c 1 /dev/mem2; mknod /d b 7 0; head -c1 /d; echo end"
    )
    assert out == "end\n"


def test_proc_is_masked_and_sys_is_read_only(place: Place) -> None:
    out = place.output(
        "sh", "-c", "head -c 9 /proc/kcore /proc/keys 2>/dev/null | grep -v '^==>' | tr -d '\\n';"
        "for f in /proc/sysrq-trigger /proc/sys/kernel/ostype /sys/kernel/x /sys/fs/cgroup/*/cgroup.procs; do"
        " (echo x >$f) 2>/dev/null && echo wrote $f; done; true",
    )  # fmt: skip
    assert out == ""


def test_a_read_only_root_is_read_only(place: Place) -> None:
    out = place.output("sh", "-c", "touch /x 2>&1; touch /dev/shm/x && echo shm", read_only_root=True)
    assert "Read-only file system" in out
    assert out.endswith("shm\n")


def test_usage_is_measured(place: Place) -> None:
    with place.run(
        "sh", "-c", "yes | head -c 30000000 | tr y x > /dev/null; sleep 0.1 & sleep 0.1 & wait"
    ) as box:
        assert box.wait(30) == Exit(0)
        usage = box.usage()
    assert usage.memory_peak_bytes is not None
    assert 100_000 < usage.memory_peak_bytes < 100_000_000
    assert usage.cpu_seconds is not None
    assert 0.005 < usage.cpu_seconds < 10
    assert usage.pids_peak is None or 3 <= usage.pids_peak < 50


def test_death_for_want_of_memory_is_told(place: Place) -> None:
    argv = ("sh", "-c", "x=0123456789; while :; do x=$x$x$x$x; done")
    with place.run(*argv, memory_bytes=30_000_000) as box:
        assert box.wait(30) == Exit(137, signal.SIGKILL, oom=True)


@pytest.mark.parametrize(
    "argv", [("/none",), ("none",), ("/etc/passwd",), ("/etc",), ("/bad/interpreter",), ("/bad/format",)]
)
def test_a_program_that_cannot_be_executed_is_the_applications_fault(
    place: Place, tmp_path: Path, argv: tuple[str, ...]
) -> None:
    bad = tmp_path / "bad-layer"
    (bad / "bad").mkdir(parents=True)
    for name, text in (("interpreter", "#!/none/such\n"), ("format", "?")):
        (bad / "bad" / name).write_text(text)
        (bad / "bad" / name).chmod(0o755)
    with pytest.raises(ApplicationError, match="cannot be executed"), place.run(*argv, layers=[bad]) as box:
        box.wait(10)


def test_an_application_that_exits_with_1_is_not_taken_for_that(place: Place) -> None:
    with place.run("sh", "-c", "echo 'exec /x: no such file or directory' >&2; echo out; exit 1") as box:
        assert box.wait(10) == Exit(1)


def test_hostile_folders_of_the_image_are_replaced(place: Place, tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    evil.mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("proc", "sys", "dev", "etc"):
        (evil / name).symlink_to(outside)
    out = place.output("sh", "-c", "ls -ld /proc /sys /dev /etc; cat /etc/hostname", layers=[evil])
    assert [line[0] for line in out.splitlines()] == ["d", "d", "d", "d", "j"]
    assert os.listdir(outside) == []


def test_files_of_the_engine_are_never_mounted_on_links(place: Place, tmp_path: Path) -> None:
    evil, outside = tmp_path / "evil", tmp_path / "outside"
    (evil / "etc").mkdir(parents=True)
    outside.mkdir()
    for name in ("hosts", "hostname", "resolv.conf", "mtab"):
        (evil / "etc" / name).symlink_to(outside / name)
    script = "for f in hosts hostname resolv.conf mtab; do stat -c '%F' /etc/$f; done; readlink /etc/mtab"
    out = place.output("sh", "-c", script, layers=[evil])
    assert out == "regular file\n" * 3 + "symbolic link\n/proc/mounts\n"
    assert os.listdir(outside) == []


def test_system_folders_that_are_files_or_missing_are_made(place: Place, tmp_path: Path) -> None:
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / "proc").write_text("a file")
    os.mkfifo(odd / "dev")
    os.mknod(odd / "sys", 0o600 | 0o020000, 0)  # a whiteout
    assert place.output("sh", "-c", "ls /proc/self/status /dev/null /sys/class/net/lo/mtu", layers=[odd])


def test_the_image_itself_never_changes(place: Place, layer: Path) -> None:
    place.output("sh", "-c", "echo changed > /etc/passwd; rm -r /home; chmod 700 /")
    assert "root:x:0:0" in (layer / "etc/passwd").read_text()
    assert (layer / "home/app").is_dir()
    assert layer.stat().st_mode & 0o777 == 0o755


def test_a_hundred_and_thirty_layers_are_mounted(place: Place, tmp_path: Path) -> None:
    layers = [
        tmp_path / "a rather long, name: of a folder".ljust(60, "x") / str(number) for number in range(130)
    ]
    for number, path in enumerate(layers):
        path.mkdir(parents=True)
        (path / f"file-{number}").touch()
        (path / "top").write_text(str(number))
    out = place.output("sh", "-c", "ls / | grep -c file-; cat /top", layers=layers)
    assert out == "130\n129"


def test_within_another_container_changes_are_kept_in_memory(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lower", "upper", "work", "merged", "data"):
        (tmp_path / "outer" / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "outer")
    outer = Path("merged").absolute()
    mount_overlay(outer, lowers=["lower"], upper="upper", work="work")
    try:
        inner = Place(place.layers, outer, place.journal, place.names)
        mounts = (Mount(source=tmp_path / "outer/data", destination="/data"),)
        with inner.run("sh", "-c", "echo x > /new; echo y > /data/z", mounts=mounts) as box:
            assert box.wait(10) == Exit(0)
            assert (box.outputs.mounts["/data"] / "z").read_text() == "y\n"
        assert os.listdir(outer) == []
    finally:
        unmount(outer)


def test_root_keeps_the_mode_of_the_topmost_layer(place: Place, tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    top.chmod(0o751)
    os.chown(top, 12, 34)
    assert place.output("stat", "-c", "%a %u %g", "/", layers=[top]) == "751 12 34\n"


def test_a_runtime_that_does_not_exist_is_a_host_error(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JETTISON_RUNTIME", "/none/such")
    with pytest.raises(HostError, match="/none/such") as caught, place.run("true"):
        pass
    assert "install" in caught.value.hint


def test_no_runtime_at_all_is_a_host_error(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JETTISON_RUNTIME")
    monkeypatch.setenv("PATH", "/none")
    with pytest.raises(HostError, match="neither crun nor runc"), place.run("true"):
        pass


def test_environment_of_the_spec_wins_over_home(place: Place) -> None:
    assert place.output("sh", "-c", "echo $HOME", env={**ENV, "HOME": "/x"}) == "/x\n"


def test_what_engines_refuse_is_refused(place: Place) -> None:
    """Without a filter a user namespace, and all capabilities in it, would be granted to anybody."""
    out = place.output("sh", "-c", "unshare --user true 2>&1; grep Seccomp: /proc/self/status")
    assert "Operation not permitted" in out
    assert out.endswith("Seccomp:\t2\n")
