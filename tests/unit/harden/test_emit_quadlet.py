"""The units hold what was decided, in keys that Podman has."""

import shlex

from deployments import DATA, FILE, FOLDER, TMP, deployment, files, storage
from msgspec import structs

from jettison.harden import model

CONTAINER_KEYS = {
    *("AddCapability", "ContainerName", "DropCapability", "Environment", "Exec", "Group", "HealthCmd"),
    *("HealthInterval", "HealthRetries", "HealthStartPeriod", "HealthTimeout", "Image", "Network"),
    *("NoNewPrivileges", "PidsLimit", "PodmanArgs", "PublishPort", "ReadOnly", "RunInit", "SeccompProfile"),
    *("Secret", "ShmSize", "Sysctl", "Tmpfs", "Ulimit", "User", "Volume"),
}
"""Of podman-systemd.unit(5), as of Podman 4.7."""
OTHER_KEYS = {
    "Unit": {"Description"},
    "Service": {"Restart", "Type", "TimeoutStopSec"},
    "Install": {"WantedBy"},
}


def unit(deployed) -> dict[str, list[tuple[str, str]]]:
    """Section → key and value of each line."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for line in files(deployed)["web.container"].splitlines():
        if line.startswith("["):
            current = sections[line.strip("[]")] = []
        elif line and not line.startswith("#"):
            current.append(tuple(line.split("=", 1)))
    return sections


def values(deployed, key: str) -> list[str]:
    return [value for name, value in unit(deployed)["Container"] if name == key]


def test_every_key_is_known_to_podman():
    health = model.Probe(kind="exec", because="works", command=("/bin/web", "--check"))
    everything = deployment(
        service={"env": (("A", "1"),), "secret_env": ("P",), "command": ("web",), "entrypoint": ("sh",)},
        life={"zombies_left": 1, "zombies_made": 2},
        operations={"healthcheck": health},
        storage=(TMP, DATA),
        capabilities=(model.Capability("CAP_CHOWN", "seen"),),
    )
    found = unit(everything)
    assert {key for key, _ in found.pop("Container")} <= CONTAINER_KEYS
    assert {
        section: {key for key, _ in lines} <= OTHER_KEYS[section] for section, lines in found.items()
    } == {
        "Unit": True,
        "Service": True,
        "Install": True,
    }


def test_what_the_user_mounts_is_mounted():
    got = values(deployment(service={"mounts": (FOLDER, FILE)}), "Volume")
    assert got == ["/home/me/in:/data", "/home/me/web.conf:/etc/web.conf:ro"]


def test_everything_is_dropped_and_only_the_storage_is_writable():
    got = deployment(storage=(TMP, DATA))
    assert values(got, "DropCapability") == ["all"]
    assert values(got, "ReadOnly") == ["true"]
    assert "--read-only-tmpfs=false" in values(got, "PodmanArgs")
    assert values(got, "Volume") == ["web-srv-data.volume:/srv/data:U"]
    assert values(got, "Tmpfs")[0].startswith("/tmp:rw,size=16777216,mode=1777,noexec,")
    assert "web-srv-data.volume" in files(got)


def test_a_folder_in_memory_starts_empty_unless_the_image_s_content_is_needed():
    seeded = structs.replace(TMP, seeded=True)
    assert "notmpcopyup" in values(deployment(), "Tmpfs")[0]
    assert "notmpcopyup" not in values(deployment(storage=(seeded,)), "Tmpfs")[0]


def test_words_and_specifiers_mean_themselves():
    got = deployment(service={"command": ("a b", 'q"\\', "$HOME", "100%", "x\ny")})
    (line,) = values(got, "Exec")
    assert line == '"a b" "q\\"\\\\" "$$HOME" "100%%" "x\\x0ay"'
    assert len(shlex.split(line)) == 5


def test_a_path_that_no_unit_can_mount_is_named():
    odd = storage("/a:b", model.StorageKind.DATA, model.Medium.VOLUME)
    text = files(deployment(storage=(odd,)))["web.container"]
    assert "# No unit can mount '/a:b': mount it by hand." in text.splitlines()


def test_the_health_check_is_a_list_of_words():
    probe = model.Probe(kind="exec", because="works", command=("/bin/web", "a b", "$x"))
    got = deployment(operations={"healthcheck": probe})
    assert values(got, "HealthCmd") == ['["/bin/web", "a b", "$$x"]']


def test_a_secret_is_a_reference():
    got = deployment(service={"env": (("PASS", "hunter2"),), "secret_env": ("PASS",)})
    assert values(got, "Secret") == ["PASS,type=env,target=PASS"]
    assert values(got, "Environment") == []


def test_a_batch_job_runs_once():
    found = unit(deployment(life={"batch": True}))
    assert ("Type", "oneshot") in found["Service"]
    assert "Install" not in found
