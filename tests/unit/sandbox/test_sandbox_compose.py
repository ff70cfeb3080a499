"""What a compose file says of one service, and what becomes of the others."""

import os
import platform
import signal
import subprocess
import time
from pathlib import Path

import pytest

from jettison.errors import UsageError
from jettison.layers.tree import FileTree
from jettison.sandbox.composefile import beside, parse_service
from jettison.sandbox.holder import PROGRAM, holder_image
from jettison.sandbox.spec import Mount


def of(service: dict, **others: object):
    return parse_service({"services": {"app": service}, **others}, "app")


def test_a_service_that_says_nothing_runs_as_its_image_says():
    service = of({})
    assert (service.env, service.command, service.entrypoint, service.mounts) == ((), None, None, ())
    assert (service.user, service.working_dir, service.stop_timeout, service.ignored) == (
        None,
        None,
        None,
        (),
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"A": "x", "B": 1, "C": True, "D": None, "E": "$$5"}, ("A=x", "B=1", "C=true", "D", "E=$5")),
        (["A=x", "B=$$5"], ("A=x", "B=$5")),
        (None, ()),
    ],
)
def test_environments_are_mappings_or_lists(written, meant):
    """A name without a value is taken from this process; `$$` is a dollar."""
    assert of({"environment": written}).env == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("serve 'a b' $$HOME", ("serve", "a b", "$HOME")),
        (["serve", "a b"], ("serve", "a b")),
        ([], ()),
        (None, None),
    ],
)
def test_commands_are_text_or_lists(written, meant):
    service = of({"command": written, "entrypoint": written})
    assert service.command == service.entrypoint == meant


def test_folders_of_the_host_are_mounted_and_volumes_of_the_engine_are_not(tmp_path):
    service = of(
        {
            "volumes": [
                f"{tmp_path}:/short:ro,z",
                "data:/data:rw",
                "/anonymous",
                {"type": "bind", "source": str(tmp_path), "target": "/long", "read_only": True},
                {"type": "bind", "source": str(tmp_path), "target": "/written"},
                {"type": "volume", "source": "data", "target": "/other"},
                {"type": "tmpfs", "target": "/fast"},
            ]
        }
    )
    assert service.mounts == (
        Mount(source=tmp_path, destination="/short", read_only=True),
        Mount(source=tmp_path, destination="/long", read_only=True),
        Mount(source=tmp_path, destination="/written"),
    )


def test_secrets_and_configs_that_are_files_are_shown_read_only(tmp_path):
    file = tmp_path / "word"
    file.write_text("x")
    service = of(
        {
            "secrets": ["word", {"source": "word", "target": "other"}],
            "configs": [{"source": "c", "target": "/etc/c"}],
        },
        secrets={"word": {"file": str(file)}},
        configs={"c": {"file": str(file)}},
    )
    assert [mount.destination for mount in service.mounts] == [
        "/run/secrets/word",
        "/run/secrets/other",
        "/etc/c",
    ]
    assert all(mount.read_only for mount in service.mounts)


@pytest.mark.parametrize(
    ("text", "seconds"), [("10s", 10), ("1m30s", 90), ("1h", 3600), ("500ms", 0.5), (None, None)]
)
def test_durations(text, seconds):
    assert of({"stop_grace_period": text}).stop_timeout == seconds


@pytest.mark.parametrize(
    "service",
    [{"stop_grace_period": "soon"}, {"network_mode": "host"}, {"volumes": ["/nowhere/at/all:/x:ro"]}],
)
def test_what_cannot_be_done_is_a_usage_error(service):
    with pytest.raises(UsageError):
        of(service)


def test_a_missing_service_is_named_with_those_there_are():
    with pytest.raises(UsageError, match="no service 'web'") as caught:
        parse_service({"services": {"app": {}, "db": {}}}, "web")
    assert caught.value.hint == "it has: app, db"


def test_what_is_not_applied_is_told():
    assert of({"privileged": True, "cap_add": ["ALL"], "ports": ["1:1"]}).ignored == ("cap_add", "privileged")


def test_only_what_must_be_healthy_is_waited_for():
    wanted = {"db": {"condition": "service_healthy"}, "log": {"condition": "service_started"}}
    assert of({"depends_on": wanted}).healthy == ("db",)
    assert of({"depends_on": ["db"]}).healthy == ()


DOCUMENT = {
    "name": "shop",
    "services": {
        "app": {
            "image": "app",
            "command": ["serve"],
            "networks": {"back": {"aliases": ["shop"]}},
            "depends_on": {"db": {"condition": "service_healthy"}},
            "ports": ["80:80"],
        },
        "db": {"image": "db", "container_name": "db", "ports": ["5432:5432"], "volumes": ["data:/data"]},
        "proxy": {"image": "proxy", "depends_on": {"app": {"condition": "service_healthy"}}},
    },
    "networks": {"back": {"name": "shop_back"}, "out": {"name": "out", "external": True}},
    "volumes": {"data": {"name": "shop_data"}, "plain": None},
}


def test_a_holder_stands_for_the_service_with_its_networks_and_what_it_waits_for():
    made = beside(DOCUMENT, "app", "holder:1")
    held = made["services"]["app"]
    assert held["networks"] == DOCUMENT["services"]["app"]["networks"]
    assert held["depends_on"] == DOCUMENT["services"]["app"]["depends_on"]
    assert (held["image"], held["entrypoint"]) == ("holder:1", [PROGRAM])
    assert made["services"]["proxy"]["depends_on"] == {"app": {"condition": "service_started"}}


def test_nothing_meets_what_the_user_has_running():
    """No port, no name of a container, and no volume that a project of the user's shares."""
    made = beside(DOCUMENT, "app", "holder:1")
    assert "name" not in made
    assert all(not {"ports", "container_name"} & service.keys() for service in made["services"].values())
    assert made["volumes"] == {"data": {}, "plain": None}
    assert made["networks"] == {"back": {}, "out": {"name": "out", "external": True}}
    assert DOCUMENT["services"]["db"]["container_name"] == "db"  # the document itself is as it was


@pytest.mark.skipif(platform.machine() != "x86_64", reason="runs the program for this processor")
def test_the_program_of_the_holder_sleeps_until_it_is_killed(tmp_path):
    image = holder_image("holder")
    tree = FileTree.of(image)
    path = tmp_path / "hold"
    path.write_bytes(tree.read(tree.get(b"hold")))
    path.chmod(0o755)
    process = subprocess.Popen([path])
    try:
        time.sleep(0.2)
        assert process.poll() is None
        ticks = os.sysconf("SC_CLK_TCK")
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        assert (int(fields[11]) + int(fields[12])) / ticks < 0.1
    finally:
        process.kill()
        assert process.wait() == -signal.SIGKILL
