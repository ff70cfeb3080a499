"""What a host offers, told as data."""

import os
from pathlib import Path

import pytest

from jettison.sandbox.advisories import ADVISORIES, concerning, parse_version
from jettison.sandbox.doctor import checks, clear_leftovers
from jettison.sandbox.journal import Journal
from jettison.sandbox.oci import Runtime, RuntimeKind
from jettison.sandbox.rootless import become_root, obstacle


def runtime(kind: RuntimeKind, version: str) -> Runtime:
    return Runtime(kind=kind, path=Path("/usr/bin", kind), version=version)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.1.5+ds1", (1, 1, 5)),
        ("1.2.0-rc.1", (1, 2, 0)),
        ("1.28", (1, 28)),
        ("", (0,)),
        ("1.x.²", (1, 0, 0)),
    ],
)
def test_versions_are_read(text: str, version: tuple[int, ...]) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("version", "count"),
    [
        ("1.1.5+ds1", 4),
        ("1.1.12", 3),
        ("1.1.14", 2),
        ("1.2.7", 2),
        ("1.2.8", 1),
        ("1.3.5", 1),
        ("1.3.6", 0),
        ("1.5.0", 0),
    ],
)
def test_a_fix_in_an_older_branch_counts_for_that_branch_only(version: str, count: int) -> None:
    assert len(concerning(runtime(RuntimeKind.RUNC, version))) == count


def test_advisories_of_one_runtime_do_not_concern_the_other() -> None:
    assert concerning(runtime(RuntimeKind.CRUN, "1.28")) == []
    assert concerning(runtime(RuntimeKind.CRUN, "1.8.1")) == ["CVE-2026-30892", "CVE-2026-47766"]
    assert all(advisory.fixed == tuple(sorted(advisory.fixed)) for advisory in ADVISORIES)


def test_every_check_that_fails_says_what_to_do() -> None:
    found = checks()
    assert {
        "privileges",
        "seccomp notification",
        "exact system calls",
        "exact capabilities",
        "cgroups",
        "free space",
        "Docker engine",
        "leftovers",
    } <= {check.name for check in found}
    assert all(check.detail for check in found)
    assert all(check.ok or check.remedy for check in found)


def test_checking_leaves_nothing(tmp_path: Path) -> None:
    checks()
    state = tmp_path / "xdg_state_home/jettison"
    assert [path for path in state.rglob("*") if path.is_file()] == []
    assert list((state / "work").glob("*")) == []


def test_leftovers_are_shown_and_cleared(tmp_path: Path) -> None:
    if os.fork() == 0:
        kept = Journal().temporary()
        kept.__enter__()
        os._exit(0)
    os.wait()
    [check] = [check for check in checks() if check.name == "leftovers"]
    assert not check.ok
    assert "folder" in check.detail
    [cleared] = clear_leftovers()
    assert cleared in check.detail
    assert clear_leftovers() == []


def test_root_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    become_root()


def test_what_is_missing_for_a_user_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = obstacle()
    assert error is not None
    assert "unshare not installed" in str(error)
    assert "apt-get install" in error.hint


def test_who_cannot_map_more_ids_has_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "unshare").write_text("#!/bin/sh\n")
    (tmp_path / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert obstacle() is None


def test_a_refusal_of_the_host_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for tool in ("unshare", "newuidmap", "newgidmap"):
        (tmp_path / tool).write_text(
            "#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2; exit 1\n"
        )
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    error = obstacle()
    assert error is not None
    assert "Operation not permitted" in str(error)
