"""compose.yaml holds what was decided."""

import pytest
import yaml
from deployments import DATA, EVIDENCE, FILE, FOLDER, MIB, TMP, deployment, files, node, storage, tree
from msgspec import structs

from jettison.harden import model
from jettison.layers.entry import Kind
from jettison.observe.evidence import Exec

WEB = model.Port(8080, "tcp", "it listens")


def service(deployed, evidence=EVIDENCE, image=None):
    return document(deployed, evidence, image)["services"]["web"]


def document(deployed, evidence=EVIDENCE, image=None):
    return yaml.safe_load(files(deployed, evidence, image)["compose.yaml"])


def test_everything_is_dropped_and_the_minimum_is_added():
    got = service(deployment(capabilities=(model.Capability("CAP_CHOWN", "seen"),)))
    assert (got["cap_drop"], got["cap_add"]) == (["ALL"], ["CHOWN"])
    assert got["security_opt"] == ["no-new-privileges:true", "seccomp:./seccomp.json"]
    assert (got["read_only"], got["user"]) == (True, "101:101")


def test_limits_are_those_measured():
    got = service(deployment())
    assert (got["mem_limit"], got["memswap_limit"], got["mem_reservation"]) == ("96m", "96m", "64m")
    assert (got["pids_limit"], got["ulimits"], got["shm_size"]) == (
        64,
        {"nofile": {"soft": 1024, "hard": 1024}},
        "64m",
    )
    assert got["cpu_shares"] == 122


def test_what_the_host_cannot_limit_is_left_out():
    got = service(deployment(memory_bytes=None, memory_request_bytes=None, cpu_millis=None, seccomp=None))
    assert not {"mem_limit", "memswap_limit", "mem_reservation", "cpu_shares"} & got.keys()
    assert got["security_opt"] == ["no-new-privileges:true"]


def test_temporary_folders_are_in_memory_and_data_is_in_a_volume():
    whole = document(deployment(storage=(TMP, DATA)))
    got = whole["services"]["web"]
    assert got["tmpfs"] == [f"/tmp:size={16 * MIB},uid=101,gid=101,mode=1777"]
    assert got["volumes"] == [{"type": "volume", "source": "srv-data", "target": "/srv/data"}]
    assert whole["volumes"] == {"srv-data": {}}


def test_a_folder_that_starts_with_the_image_s_content_is_a_volume():
    got = service(deployment(storage=(structs.replace(TMP, seeded=True),)))
    assert "tmpfs" not in got
    assert got["volumes"][0]["target"] == "/tmp"


def test_what_the_user_mounts_is_mounted():
    got = service(deployment(service={"mounts": (FOLDER, structs.replace(FILE, source="/a$b"))}))
    assert got["volumes"] == [
        {"type": "bind", "source": "/home/me/in", "target": "/data"},
        {"type": "bind", "source": "/a$$b", "target": "/etc/web.conf", "read_only": True},
    ]


def test_programs_can_be_run_where_they_were():
    evidence = structs.replace(EVIDENCE, execs=[Exec("/tmp/helper", ("helper",))])
    assert service(deployment(), evidence)["tmpfs"][0].endswith(",exec")


def test_a_path_with_a_colon_is_not_cut():
    odd = storage("/a:b", model.StorageKind.TEMPORARY, model.Medium.TMPFS)
    got = service(deployment(storage=(odd,)))
    assert got["volumes"] == [{"type": "tmpfs", "target": "/a:b", "tmpfs": {"size": 16 * MIB}}]


@pytest.mark.parametrize(("uid", "helped"), [(0, True), (101, False)])
def test_a_volume_of_another_owner_is_given_to_the_user_first(uid, helped):
    image = tree(node("bin/chown"), node("srv/data", Kind.DIR, uid=uid))
    whole = document(deployment(storage=(DATA,)), image=image)
    assert ("web-volumes" in whole["services"]) is helped
    if helped:
        helper = whole["services"]["web-volumes"]
        assert helper["entrypoint"] == ["/bin/chown", "-R", "101:101", "/srv/data"]
        assert (helper["user"], helper["cap_add"]) == ("0:0", ["CHOWN", "DAC_READ_SEARCH"])
        assert whole["services"]["web"]["depends_on"] == {
            "web-volumes": {"condition": "service_completed_successfully"}
        }


def test_where_nothing_can_give_the_volume_to_the_user_that_is_said():
    text = files(deployment(storage=(DATA,)), image=tree(node("srv/data", Kind.DIR)))["compose.yaml"]
    assert "web-volumes" not in text
    assert "# It starts with another owner: give it to 101:101 first." in text


def test_ports_are_published_on_this_host_only_and_loopback_ones_not_at_all():
    inner = model.Port(9000, "tcp", "inside", loopback=True)
    got = service(deployment(service={"ports": (inner, WEB, WEB)}))
    assert got["ports"] == ["127.0.0.1:8080:8080/tcp"]


def test_who_talks_to_nobody_has_no_network():
    whole = document(deployment(service={"ports": ()}))
    assert whole["services"]["web"]["network_mode"] == "none"
    assert "networks" not in whole


def test_who_lacks_the_capability_may_listen_on_a_low_port():
    low = {"ports": (model.Port(80, "tcp", "it listens"),)}
    assert service(deployment(service=low))["sysctls"] == {"net.ipv4.ip_unprivileged_port_start": "80"}
    root = model.RunAs(0, 0, "it must")
    assert "sysctls" in service(deployment(service=low, run_as=root))
    binds = (model.Capability("CAP_NET_BIND_SERVICE", "used"),)
    assert "sysctls" not in service(deployment(service=low, run_as=root, capabilities=binds))


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        ({"stop_seconds": 0.2}, "3s"),
        ({"stop_seconds": 7.5}, "16s"),
        ({"stop_seconds": 10.0, "killed": True}, "2s"),
        ({"stop_seconds": None}, None),
    ],
)
def test_the_grace_period_follows_from_the_measured_stop(life, expected):
    assert service(deployment(life=life)).get("stop_grace_period") == expected


def test_an_init_process_reaps_what_the_application_leaves():
    assert service(deployment(life={"zombies_made": 5, "zombies_left": 5}))["init"] is True
    assert "init" not in service(deployment())


def test_a_batch_job_is_not_restarted():
    assert service(deployment(life={"batch": True}))["restart"] == "no"
    assert service(deployment())["restart"] == "unless-stopped"


def test_health_is_asked_for_by_a_command_of_the_image():
    probe = model.Probe(kind="exec", because="works", command=("/bin/web", "--check", "$x"))
    got = service(deployment(operations={"healthcheck": probe}))["healthcheck"]
    assert got["test"] == ["CMD", "/bin/web", "--check", "$$x"]
    assert got["start_period"] == "12s"


def test_the_value_of_a_secret_is_in_no_file():
    deployed = deployment(service={"env": (("PASS", "hunter2"), ("A", "1")), "secret_env": ("PASS",)})
    emitted = files(deployed)
    assert not any("hunter2" in text for text in emitted.values())
    assert service(deployed)["environment"] == ["A=1", "PASS=${PASS:?set it in .env}"]
    assert emitted["secrets.env.example"].splitlines()[1:] == ["PASS="]


def test_dollars_are_no_variables():
    deployed = deployment(service={"env": (("A", "$B${C}"),), "command": ("sh", "-c", "echo $$")})
    got = service(deployed)
    assert got["environment"] == ["A=$$B$${C}"]
    assert got["command"] == ["sh", "-c", "echo $$$$"]


def test_each_decision_cites_its_evidence():
    text = files(deployment())["compose.yaml"]
    for because in (
        "passed as 101",
        "nothing gained any",
        "3 runs",
        f"measured {96 * MIB}",
        "/tmp was written",
    ):
        assert because in text
