"""The image config: what is read of it, and what survives rewriting."""

import json

import pytest

from jettison.errors import InvalidInputError, LimitError
from jettison.image.config import Healthcheck, History, ImageConfig, RunConfig, parse_config, rewrite_config
from jettison.image.digest import Digest

A, B = (Digest("sha256:" + letter * 64) for letter in "ab")


def raw(**fields: object) -> bytes:
    """A config with `fields` over a minimum."""
    base = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [str(A)]}}
    return json.dumps(base | fields).encode()


def test_every_field_that_running_needs_is_read():
    config = parse_config(
        raw(
            variant="v2",
            created="2024-01-01T00:00:00Z",
            config={
                "User": "app:app",
                "Env": ["A=1", "B=2"],
                "Entrypoint": ["/entry"],
                "Cmd": ["run"],
                "WorkingDir": "/srv",
                "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
                "Volumes": {"/data": {}},
                "Labels": {"a": "b"},
                "StopSignal": "SIGQUIT",
                "Shell": ["/bin/ash", "-c"],
                "OnBuild": ["RUN true"],
                "Healthcheck": {
                    "Test": ["CMD", "check"],
                    "Interval": 5_000_000_000,
                    "Timeout": 1,
                    "StartPeriod": 2,
                    "StartInterval": 3,
                    "Retries": 4,
                },
            },
            history=[{"created_by": "FROM", "empty_layer": False}],
        )
    )
    assert config == ImageConfig(
        architecture="amd64",
        os="linux",
        variant="v2",
        created="2024-01-01T00:00:00Z",
        diff_ids=(A,),
        history=(History(created_by="FROM"),),
        config=RunConfig(
            user="app:app",
            env=("A=1", "B=2"),
            entrypoint=("/entry",),
            cmd=("run",),
            working_dir="/srv",
            exposed_ports=("53/udp", "80/tcp"),
            volumes=("/data",),
            labels={"a": "b"},
            stop_signal="SIGQUIT",
            shell=("/bin/ash", "-c"),
            on_build=("RUN true",),
            healthcheck=Healthcheck(("CMD", "check"), 5_000_000_000, 1, 2, 3, 4),
        ),
    )
    assert config.platform == "linux/amd64/v2"


def test_null_means_absent_as_go_writes_it():
    config = parse_config(
        raw(
            config={"Env": None, "Cmd": None, "Labels": None, "Volumes": None, "Healthcheck": None},
            history=None,
        )
    )
    assert config.config == RunConfig()


def test_an_empty_entrypoint_is_not_an_absent_one():
    config = parse_config(raw(config={"Entrypoint": [], "Cmd": None}))
    assert config.config.entrypoint == ()
    assert config.config.cmd is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"config": {"Env": "A=1"}}, r"\$\.config\.env"),
        ({"config": {"Env": ["A\0B=1"]}}, "NUL"),
        ({"config": {"Cmd": ["a\0"]}}, "NUL"),
        ({"config": {"Healthcheck": {"Test": ["CMD", "\0"]}}}, "NUL"),
        ({"config": {"User": "root\0"}}, "NUL"),
        ({"config": []}, r"\$\.config"),
        ({"config": {"ExposedPorts": []}}, r"\$\.config\.ExposedPorts"),
        ({"config": {"Healthcheck": {"Interval": -1}}}, "interval_ns"),
        ({"config": {"Healthcheck": {"Retries": 1.5}}}, "retries"),
        ({"history": {}}, r"\$\.history"),
        ({"history": [3]}, r"\$\.history"),
        ({"rootfs": []}, r"\$\.rootfs"),
        ({"rootfs": {"diff_ids": {}}}, "diff_ids"),
        ({"rootfs": {"diff_ids": ["sha256:../../etc/passwd"]}}, "not a digest"),
        ({"rootfs": {"diff_ids": [5]}}, "not a digest"),
        ({"os": 3}, r"\$\.os"),
        ({"architecture": None}, "architecture"),
    ],
)
def test_a_malformed_config_is_refused_with_the_place(fields, message):
    with pytest.raises(InvalidInputError, match=message):
        parse_config(raw(**fields))


def test_more_layers_than_the_limit_are_refused():
    with pytest.raises(LimitError):
        parse_config(raw(rootfs={"diff_ids": [str(A)] * 1001}))


def test_rewriting_changes_layers_history_and_time_and_nothing_else():
    source = raw(
        config={"Labels": {"ü": "1"}, "Unknown": [1, None, 1e3]},
        container_config={"x": 2**60},
        moby={"buildkit": "v0"},
        created="2020-01-01T00:00:00Z",
    )
    history = [History(created_by="jettison"), History(created_by="CMD", empty_layer=True)]
    made = rewrite_config(source, diff_ids=[B], history=history, created="1970-01-01T00:00:00Z")
    expected = json.loads(source) | {
        "created": "1970-01-01T00:00:00Z",
        "rootfs": {"type": "layers", "diff_ids": [str(B)]},
        "history": [{"created_by": "jettison"}, {"created_by": "CMD", "empty_layer": True}],
    }
    assert json.loads(made) == expected
    assert parse_config(made).diff_ids == (B,)


def test_rewriting_gives_the_same_bytes_whatever_the_order_of_keys():
    one = {"architecture": "amd64", "os": "linux", "config": {"A": 1, "B": 2}}
    two = {"os": "linux", "config": {"B": 2, "A": 1}, "architecture": "amd64"}
    made = [
        rewrite_config(json.dumps(value).encode(), diff_ids=[], history=[], created="")
        for value in (one, two)
    ]
    assert made[0] == made[1]
