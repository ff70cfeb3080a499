"""kubernetes.yaml holds what was decided, and is valid."""

import kubernetes_validate
import pytest
import yaml
from deployments import (
    DATA,
    FILE,
    FOLDER,
    MIB,
    SOCKET,
    deployment,
    deployments,
    files,
    node,
    number,
    storage,
    tree,
)
from hypothesis import HealthCheck, given, settings
from msgspec import structs

from jettison.harden import model

ROOT = model.RunAs(0, 0, "it refused 101")


def documents(deployed, image=None) -> dict[str, dict]:
    """Kind → document, each valid."""
    found = [each for each in yaml.safe_load_all(files(deployed, image=image)["kubernetes.yaml"]) if each]
    for each in found:
        kubernetes_validate.validate(each, "1.30", strict=True)
    return {each["kind"]: each for each in found}


def pod(deployed, image=None) -> dict:
    found = documents(deployed, image)
    return (found.get("Deployment") or found["Job"])["spec"]["template"]["spec"]


def container(deployed, image=None) -> dict:
    return pod(deployed, image)["containers"][0]


def head(deployed) -> str:
    return files(deployed)["kubernetes.yaml"].partition("apiVersion")[0].replace("\n#", "")


def test_the_pod_keeps_to_the_restricted_standard():
    deployed = deployment()
    assert "restricted" in head(deployed)
    spec = pod(deployed)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {
        "type": "Localhost",
        "localhostProfile": "jettison/web.json",
    }
    security = spec["containers"][0]["securityContext"]
    assert security == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"run_as": ROOT}, "baseline. What restricted forbids: it runs as root"),
        ({"no_new_privileges": model.Decision(False, "sudo")}, "baseline. What restricted forbids: it gains"),
        ({"capabilities": (model.Capability("CAP_CHOWN", "seen"),)}, "it adds CHOWN"),
        ({"capabilities": (model.Capability("CAP_NET_BIND_SERVICE", "seen"),)}, "restricted (namespace"),
        ({"capabilities": (model.Capability("CAP_NET_ADMIN", "seen"),)}, "privileged (baseline does not"),
    ],
)
def test_it_says_which_standard_is_missed_and_why(changed, expected):
    assert expected in head(deployment(**changed))


def test_without_a_profile_the_runtime_s_own_is_asked_for():
    assert pod(deployment(seccomp=None))["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


def test_escalation_is_not_mentioned_beside_sys_admin():
    deployed = deployment(capabilities=(model.Capability("CAP_SYS_ADMIN", "seen"),))
    assert "allowPrivilegeEscalation" not in container(deployed)["securityContext"]


def test_requests_and_limits_are_those_measured():
    assert container(deployment())["resources"] == {
        "requests": {"cpu": "120m", "memory": "64Mi"},
        "limits": {"memory": "96Mi"},
    }


def test_who_keeps_no_data_runs_twice_and_is_never_all_away():
    found = documents(deployment())
    assert found["Deployment"]["spec"]["replicas"] == 2
    assert found["PodDisruptionBudget"]["spec"]["minAvailable"] == 1


def test_who_keeps_data_runs_once_and_lets_go_of_it_first():
    found = documents(deployment(storage=(DATA,)))
    assert found["Deployment"]["spec"]["replicas"] == 1
    assert found["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}
    assert "PodDisruptionBudget" not in found
    assert found["PersistentVolumeClaim"]["metadata"]["name"] == "web-srv-data"


def test_a_cache_on_disk_ends_with_the_pod():
    cache = storage("/var/cache/web", model.StorageKind.CACHE, model.Medium.VOLUME)
    found = documents(deployment(storage=(cache,)))
    assert "PersistentVolumeClaim" not in found
    volumes = found["Deployment"]["spec"]["template"]["spec"]["volumes"]
    assert volumes == [{"name": "web-var-cache-web", "emptyDir": {"sizeLimit": "16Mi"}}]


def test_temporary_folders_are_in_memory():
    assert pod(deployment())["volumes"] == [
        {"name": "web-tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}}
    ]


def test_a_volume_starts_with_what_the_image_has_there():
    seeded = structs.replace(DATA, seeded=True)
    spec = pod(deployment(storage=(seeded,)), tree(node("bin/cp"), node("srv/www/index.html")))
    first = spec["initContainers"][0]
    assert first["command"] == ["/bin/cp", "-Rn", "/srv/data/.", "/.jettison-volume/data"]
    assert first["securityContext"] == spec["containers"][0]["securityContext"]
    mounted = spec["containers"][0]["volumeMounts"]
    assert mounted == [{"name": "web-srv-data", "mountPath": "/srv/data", "subPath": "data"}]


def test_a_folder_that_must_be_the_user_s_own_is_made_by_the_user():
    private = structs.replace(DATA, mode=0o700)
    spec = pod(deployment(storage=(private,)), tree(node("bin/mkdir")))
    assert spec["initContainers"][0]["command"] == [
        "/bin/mkdir",
        "-p",
        "-m",
        "0700",
        "/.jettison-volume/data",
    ]


def test_without_a_program_for_it_that_is_said():
    deployed = deployment(storage=(structs.replace(DATA, seeded=True),))
    assert "initContainers" not in pod(deployed)
    assert (
        "Fill before the first start, as the image has no program for it: /srv/data"
        in files(deployed)["kubernetes.yaml"]
    )


def test_more_shared_memory_than_usual_is_a_volume():
    spec = pod(deployment(shm_bytes=number(256 * MIB)))
    assert {"name": "dev-shm", "emptyDir": {"medium": "Memory", "sizeLimit": "256Mi"}} in spec["volumes"]
    assert "dev-shm" not in str(pod(deployment()))


def test_probes_follow_from_the_measured_start():
    got = container(deployment(life={"start_seconds": 4.0}))
    startup = got["startupProbe"]
    assert startup["httpGet"] == {"path": "/ready", "port": 8080, "scheme": "HTTP"}
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 5 * 4.0
    assert got["readinessProbe"]["failureThreshold"] == 2
    assert got["livenessProbe"]["periodSeconds"] == 10


def test_the_grace_period_follows_from_the_measured_stop():
    assert pod(deployment(life={"stop_seconds": 12.2}))["terminationGracePeriodSeconds"] == 26
    assert "terminationGracePeriodSeconds" not in pod(deployment(life={"stop_seconds": None}))


def test_a_batch_job_is_a_job():
    found = documents(deployment(life={"batch": True}, service={"ports": ()}))
    assert found.keys() == {"Job", "NetworkPolicy"}
    spec = found["Job"]["spec"]["template"]["spec"]
    assert spec["restartPolicy"] == "Never"
    assert "livenessProbe" not in spec["containers"][0]


def test_what_the_user_mounts_is_a_claim_or_a_configmap():
    deployed = deployment(service={"mounts": (FOLDER, FILE, SOCKET)})
    spec = pod(deployed)
    claim, config = spec["volumes"][-2:]
    assert claim == {"name": "web-data", "persistentVolumeClaim": {"claimName": "web-data"}}
    assert config == {"name": "files", "configMap": {"name": "web-files"}}
    assert spec["containers"][0]["volumeMounts"][-2:] == [
        {"name": "web-data", "mountPath": "/data"},
        {"name": "files", "mountPath": "/etc/web.conf", "subPath": "web-etc-web-conf", "readOnly": True},
    ]
    assert spec["securityContext"]["fsGroup"] == 101
    found = documents(deployed)
    assert found["PersistentVolumeClaim"]["metadata"]["name"] == "web-data"
    assert found["Deployment"]["spec"]["replicas"] == 1
    told = head(deployed)
    assert "kubectl create configmap web-files --from-file=web-etc-web-conf=/home/me/web.conf" in told
    assert "Fill the volume web-data with what /home/me/in held." in told
    assert "Not in here, as it belongs to one host: /run/other.sock" in told


def test_podman_mounts_from_the_host_and_plays_a_job_as_a_pod():
    deployed = deployment(life={"batch": True}, service={"mounts": (FOLDER, FILE, SOCKET), "ports": ()})
    found = yaml.safe_load_all(files(deployed)["podman.yaml"])
    (played_pod,) = [each for each in found if each and each["kind"] != "NetworkPolicy"]
    assert (played_pod["kind"], played_pod["metadata"]["name"]) == ("Pod", "web")
    kubernetes_validate.validate(played_pod, "1.30", strict=True)
    assert [volume["hostPath"] for volume in played_pod["spec"]["volumes"][-3:]] == [
        {"path": "/home/me/in", "type": "Directory"},
        {"path": "/home/me/web.conf", "type": "File"},
        {"path": "/run/other.sock"},
    ]
    assert played_pod["spec"]["containers"][0]["volumeMounts"][-2]["readOnly"]


def test_an_ordinary_user_may_listen_on_a_low_port():
    deployed = deployment(service={"ports": (model.Port(443, "tcp", "it listens"),)})
    assert pod(deployed)["securityContext"]["sysctls"] == [
        {"name": "net.ipv4.ip_unprivileged_port_start", "value": "443"}
    ]


def test_metrics_are_announced():
    found = documents(deployment(operations={"metrics": model.Metrics(9100, "/metrics", "Prometheus text")}))
    annotations = found["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == "9100"
    assert annotations["prometheus.io/scrape"] == "true"


def test_secrets_are_references_and_their_template_has_no_values():
    deployed = deployment(service={"env": (("PASS", "hunter2"),), "secret_env": ("PASS",)})
    assert container(deployed)["env"] == [
        {"name": "PASS", "valueFrom": {"secretKeyRef": {"name": "web-secrets", "key": "PASS"}}}
    ]
    assert '#   PASS: ""' in files(deployed)["kubernetes.yaml"].splitlines()
    assert "Secret" not in documents(deployed)


@pytest.mark.parametrize(
    ("given", "written"),
    [("$(A)", "$$(A)"), ("$A", "$A"), ("$$", "$$$$"), ("$$(A)", "$$$$(A)"), ("a$", "a$")],
)
def test_dollars_mean_themselves(given, written):
    assert container(deployment(service={"env": (("X", given),)}))["env"] == [{"name": "X", "value": written}]


def test_a_name_that_begins_with_a_digit_makes_a_valid_service():
    found = documents(deployment(service={"name": "2048"}))
    assert found["Service"]["metadata"]["name"] == "s-2048"


def egress(*outgoing: model.Outgoing) -> list:
    return documents(deployment(service={"outgoing": outgoing}))["NetworkPolicy"]["spec"]["egress"]


def test_nothing_comes_in_but_to_the_ports_and_nothing_goes_out_but_to_what_was_seen():
    spec = documents(deployment())["NetworkPolicy"]["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["ingress"] == [{"ports": [{"port": 8080, "protocol": "TCP"}]}]
    assert spec["egress"] == []


def test_outgoing_connections_are_allowed_with_name_resolution():
    dns, outside = egress(model.Outgoing("8.8.4.4", 443, "tcp", "/bin/web"))
    assert {port["port"] for port in dns["ports"]} == {53}
    assert outside["to"] == [{"ipBlock": {"cidr": "8.8.4.4/32"}}]
    assert outside["ports"] == [{"port": 443, "protocol": "TCP"}]


def test_a_private_address_is_a_neighbour():
    _, inside = egress(model.Outgoing("172.18.0.3", 5432, "tcp"))
    assert inside["to"] == [{"podSelector": {}}]


def test_its_own_loopback_needs_no_rule():
    assert egress(model.Outgoing("127.0.0.1", 6379, "tcp"), model.Outgoing("::1", 80, "tcp")) == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(deployments)
def test_whatever_was_decided_makes_valid_documents(deployed):
    found = documents(deployed, tree(node("bin/cp"), node("bin/mkdir")))
    assert found.keys() & {"Deployment", "Job"}
    for each in (found.get("Deployment") or found["Job"])["spec"]["template"]["spec"]["containers"]:
        places = {volume["mountPath"] for volume in each.get("volumeMounts", ())}
        assert len(places) == len(each.get("volumeMounts", ()))


def test_what_is_asked_of_the_resolver_alone_needs_no_other_rule():
    assert len(egress(model.Outgoing("10.0.0.2", 53, "udp"))) == 1


def played(deployed, image=None) -> dict:
    """The pod that Podman starts."""
    found = list(yaml.safe_load_all(files(deployed, image=image)["podman.yaml"]))
    for each in found:
        kubernetes_validate.validate(each, "1.30", strict=True)
    (workload,) = [each for each in found if each["kind"] == "Deployment"]
    assert workload["spec"]["replicas"] == 1
    assert not any(each["kind"] == "PodDisruptionBudget" for each in found)
    return workload["spec"]["template"]


def test_podman_finds_the_profile_beside_the_file():
    template = played(deployment())
    annotation = "container.seccomp.security.alpha.kubernetes.io/web"
    assert template["metadata"]["annotations"][annotation] == "localhost/seccomp.json"
    assert template["spec"]["securityContext"]["seccompProfile"]["localhostProfile"] == "seccomp.json"
    cluster = documents(deployment())["Deployment"]["spec"]["template"]["metadata"]
    assert "annotations" not in cluster


def test_podman_publishes_ports_on_this_host_only():
    (port,) = played(deployment())["spec"]["containers"][0]["ports"]
    assert (port["hostIP"], port["hostPort"], port["containerPort"]) == ("127.0.0.1", 8080, 8080)
    (inside,) = container(deployment())["ports"]
    assert "hostPort" not in inside


def test_podman_fills_volumes_itself():
    prepared = structs.replace(DATA, seeded=True, mode=0o700)
    spec = played(deployment(storage=(prepared,)), tree(node("bin/cp"), node("bin/mkdir")))["spec"]
    assert "initContainers" not in spec
    assert spec["containers"][0]["volumeMounts"] == [{"name": "web-srv-data", "mountPath": "/srv/data"}]


def test_podman_is_given_no_probe_that_needs_a_program_of_its_own():
    command = model.Probe(kind="exec", because="works", command=("/bin/web", "--check"))
    assert "livenessProbe" not in played(deployment())["spec"]["containers"][0]
    got = played(deployment(operations={"healthcheck": command}))["spec"]["containers"][0]
    assert got["livenessProbe"]["exec"] == {"command": ["/bin/web", "--check"]}
    assert "readinessProbe" not in got
