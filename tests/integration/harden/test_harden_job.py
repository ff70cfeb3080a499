"""`jettison harden` from end to end, on real images in a real sandbox and a real engine."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from jettison.harden.bench import Bench
from jettison.harden.decide import decide
from jettison.harden.emit.seccomp import section
from jettison.sandbox.compose import find_tool
from jettison.sandbox.spec import Overrides
from jettison.slim.baseline import evidence_of, observe_twice, scene_of
from jettison.slim.plan import Drive

pytestmark = pytest.mark.integration


def decided(image, journal, *ways):
    """What is decided for the Python service in some ways."""
    overrides = Overrides(cmd=ways, stop_timeout=2.0)
    scene, tree = scene_of(image, overrides, Drive())
    baseline = observe_twice(scene, journal, observed=True)
    evidence = evidence_of(image, tree, baseline.scene, baseline.runs)
    bench = Bench(tree, baseline, journal, lambda profile: section(profile, image.config.architecture))
    return decide(image, overrides, "service", bench, evidence)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_image_is_hardened_proven_and_decided_the_same_again(engine, tiny_image, jettison, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    done = jettison("harden", f"docker-daemon:{tiny_image}", "--output", first, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    proofs = {proof["where"]: proof["passed"] for proof in report["proofs"]}
    assert proofs["sandbox"] is True
    assert proofs["docker compose"] is True
    settings = report["deployment"]["settings"]
    assert settings["capabilities"] == []
    assert settings["read_only_root"]["on"]
    assert settings["no_new_privileges"]["on"]
    assert settings["run_as"]["uid"] == 65532  # it has no passwd file
    assert settings["memory_bytes"]["value"] > 0
    assert sorted(report["files"]) == sorted(contents(first))
    assert {"compose.yaml", "kubernetes.yaml", "apparmor", "evidence.json"} <= set(report["files"])
    again = jettison(
        "harden", f"docker-daemon:{tiny_image}", "-o", second, "--evidence", first / "evidence.json"
    )
    assert again.returncode == 0, again.stderr
    assert contents(second) == contents(first)
    assert engine.docker("ps", "--all", "--quiet", "--filter", "name=jettison-") == ""
    assert engine.docker("network", "ls", "--quiet", "--filter", "name=jettison-") == ""


def test_a_job_reads_and_writes_what_the_user_mounts_and_the_host_stays(
    engine, tiny_image, jettison, tmp_path
):
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    data.chmod(0o777)
    (data / "in").write_text("one\n")
    done = jettison(
        *("harden", f"docker-daemon:{tiny_image}", "--cmd", "copy", "--mount", f"{data}:/data"),
        *("--output", out, "--json"),
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    proofs = {proof["where"]: proof["passed"] for proof in report["proofs"]}
    assert proofs["sandbox"] is True
    assert proofs["docker compose"] is True
    deployed = report["deployment"]
    assert deployed["life"]["batch"]
    assert deployed["service"]["mounts"] == [
        {"path": "/data", "source": str(data), "kind": "folder", "read_only": False}
    ]
    assert deployed["settings"]["run_as"]["uid"] != 0
    assert os.listdir(data) == ["in"]
    done = subprocess.run(
        [*find_tool().command, "up"], cwd=out, env=engine.environment, capture_output=True, text=True
    )
    try:
        assert (data / "out").read_text() == "one\n", done.stderr
    finally:
        subprocess.run([*find_tool().command, "down"], cwd=out, env=engine.environment, check=True)


def test_files_of_others_are_not_replaced(jettison, tiny_image, tmp_path):
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    done = jettison("harden", f"docker-daemon:{tiny_image}", "--output", tmp_path)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert (tmp_path / "compose.yaml").read_text() == "services: {}\n"


def test_an_application_that_does_not_work_is_not_hardened(jettison, tiny_image, tmp_path):
    done = jettison("harden", f"docker-daemon:{tiny_image}", "--cmd", "fail", "--output", tmp_path / "out")
    assert done.returncode == 6
    assert not any((tmp_path / "out").iterdir())


def test_what_it_writes_is_mounted_and_what_only_root_may_read_keeps_it_root(python_image, journal):
    made = decided(python_image(), journal, "logfile")
    settings = made.deployment.settings
    assert settings.read_only_root.on
    assert "/var/log" in {each.path for each in settings.storage}
    assert not settings.run_as.root
    kept = decided(python_image(), journal, "secret")
    assert kept.deployment.settings.run_as.root
    assert kept.deployment.settings.run_as.refused == ("/etc/shadow",)
    assert [each.what for each in kept.relaxed] == ["user"]
    assert kept.deployment.settings.read_only_root.on


def test_system_calls_are_few_and_dangerous_ones_none_of_them(python_image, journal):
    profile = decided(python_image(), journal).deployment.settings.seccomp
    assert 40 < len(profile.names) < 130
    assert not {"ptrace", "mount", "bpf", "unshare", "keyctl", "io_uring_setup"} & set(profile.names)
