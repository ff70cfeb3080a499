"""What control groups tell, in the layouts that hosts have (their files are ordinary ones here)."""

from pathlib import Path

import pytest

from jettison.sandbox import cgroup
from jettison.sandbox.cgroup import Cgroup, Layout, Usage, layout


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cgroup, "ROOT", tmp_path)
    return tmp_path


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)


def make_v1(root: Path) -> None:
    for controller in ("memory", "cpuacct", "pids", "cpuset"):
        write(root / controller, cgroup__procs="")


def test_layouts_are_told_apart(root: Path) -> None:
    assert layout() is Layout.NONE
    make_v1(root)
    assert layout() is Layout.V1
    write(root / "unified", cgroup__controllers="", cgroup__procs="")
    assert layout() is Layout.HYBRID
    write(root, cgroup__controllers="memory pids")
    assert layout() is Layout.V2


def test_usage_in_v2(root: Path) -> None:
    write(root, cgroup__controllers="memory pids")
    write(
        root / "x",
        memory__peak="123456\n",
        cpu__stat="usage_usec 1500000\nuser_usec 1\n",
        pids__peak="7\n",
        memory__events="low 0\noom 2\noom_kill 1\n",
    )
    stat = "anon 1000\nfile 5000\nshmem 200\nkernel 90\nslab_reclaimable 40\n"
    write(root / "x", memory__stat=stat)
    group = Cgroup("x")
    assert group.usage() == Usage(123456, 1.5, 7, 1000 + 200 + 50)
    assert group.out_of_memory()


def test_usage_in_v1(root: Path) -> None:
    make_v1(root)
    write(
        root / "memory/x",
        memory__max_usage_in_bytes="4096\n",
        memory__oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 0\n",
    )
    write(root / "cpuacct/x", cpuacct__usage="2500000000\n")
    write(root / "pids/x", pids__max="max\n")
    stat = "cache 9\nrss 1\ntotal_cache 5000\ntotal_rss 1000\ntotal_shmem 200\n"
    write(root / "memory/x", memory__stat=stat, memory__kmem__usage_in_bytes="30\n")
    group = Cgroup("x")
    assert group.usage() == Usage(4096, 2.5, None, 1000 + 200 + 30)
    assert not group.out_of_memory()
    group.forget_peak()
    assert group.usage().memory_peak_bytes == 0


def test_where_there_are_no_groups_nothing_is_known(root: Path) -> None:
    group = Cgroup("none")
    assert not group
    assert group.usage() == Usage(None, None, None)
    assert not group.out_of_memory()
    assert group.pids() == set()
    group.kill()
    group.remove()


def test_an_inner_group_takes_the_cpus_of_the_outer_one(root: Path) -> None:
    make_v1(root)
    write(root / "memory/x", cgroup__procs="")
    write(root / "cpuset/x", cpuset__cpus="0-3\n", cpuset__mems="0\n", cgroup__procs="")
    write(root / "cpuset/x/exec-1", cpuset__cpus="", cpuset__mems="")
    for path in (root / "cpuset/x/exec-1").iterdir():
        path.unlink()
    (root / "cpuset/x/exec-1").rmdir()
    Cgroup("x").make_inner("exec-1")
    assert (root / "memory/x/exec-1").is_dir()
    assert Cgroup("x/exec-1")


def test_processes_of_inner_groups_count(root: Path) -> None:
    make_v1(root)
    write(root / "pids/x", cgroup__procs="10\n11\n")
    write(root / "pids/x/exec-1", cgroup__procs="12\n")
    assert Cgroup("x").pids() == {10, 11, 12}


@pytest.mark.parametrize("content", ["", "max\n", "no number"])
def test_a_value_that_is_no_number_is_not_known(root: Path, content: str) -> None:
    write(root, cgroup__controllers="")
    write(root / "x", memory__peak=content, cpu__stat=content)
    assert Cgroup("x").usage() == Usage(None, None, None)
