"""The profile follows from the evidence; that apparmor_parser accepts it, integration tests show."""

import pytest
from deployments import DATA, EVIDENCE, FILE, FOLDER, TMP, deployment, files, node, tree
from msgspec import structs

from jettison.harden import model
from jettison.layers.entry import Kind
from jettison.observe.evidence import Access, Evidence, Exec, Operation, Socket, Write, WriteOperation


def evidence(**more) -> Evidence:
    return structs.replace(EVIDENCE, **more)


def opened(*paths: str, operation=Operation.OPEN, by: str = "/usr/bin/web") -> dict[str, Access]:
    return {path: Access(operations={operation}, by={by}) for path in paths}


def rules(deployed=None, seen: Evidence = EVIDENCE, image=None) -> list[str]:
    """The rules, without comments."""
    text = files(deployed or deployment(), seen, image)["apparmor"]
    return [line.strip().partition("  #")[0] for line in text.splitlines() if line.startswith("  ")]


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/etc/passwd", "/etc/passwd r,"),
        ("/etc/nginx/conf.d/a.conf", "/etc/nginx/{,**} r,"),
        ("/usr/share/zoneinfo/UTC", "/usr/share/zoneinfo/{,**} r,"),
        ("/usr/local/lib/python3.11/os.py", "/usr/local/lib/python3.11/{,**} r,"),
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/x86_64-linux-gnu/{,**} mr,"),
        ("/opt/app/lib/x.node", "/opt/app/{,**} mr,"),
        ("/app/server.js", "/app/{,**} r,"),
        ("/app.jar", "/app.jar r,"),
    ],
)
def test_what_was_read_is_allowed_for_its_package(path, rule):
    assert rule in rules(seen=evidence(paths=opened(path)))


def test_thousands_of_files_make_one_rule():
    seen = evidence(paths=opened(*(f"/opt/app/lib/m{n}.py" for n in range(2000))))
    text = files(deployment(), seen)["apparmor"]
    assert [line for line in text.splitlines() if "/opt/app" in line] == ["  /opt/app/{,**} r,  # 2000"]


def test_a_look_at_a_file_is_no_reading_of_it():
    seen = evidence(paths=opened("/etc/shadow", operation=Operation.STAT))
    assert not any("shadow" in rule for rule in rules(seen=seen))


def test_links_are_resolved_for_appArmor_sees_real_paths():
    image = tree(
        node("lib", Kind.SYMLINK, target=b"usr/lib"),
        node("usr/lib/libc.so.6", Kind.SYMLINK, target=b"libc-2.so"),
        node("usr/lib/libc-2.so"),
    )
    got = rules(seen=evidence(paths=opened("/lib/libc.so.6")), image=image)
    assert "/usr/lib/libc-2.so mr," in got
    assert not any(rule.startswith("/lib") for rule in got)


def test_programs_and_their_interpreters_are_executed_by_name():
    seen = evidence(
        execs=[Exec("/usr/local/bin/entrypoint.sh", ("entrypoint.sh",))],
        paths=opened("/etc/passwd", by="/usr/bin/dash"),
    )
    got = rules(seen=seen)
    assert "/usr/local/bin/entrypoint.sh mrix," in got
    assert "/usr/bin/dash mrix," in got


def test_what_the_user_mounts_may_be_used():
    got = rules(deployment(service={"mounts": (FOLDER, FILE)}))
    assert {"/data/{,**} rwlk,", "/etc/web.conf r,"} <= set(got)


def test_only_storage_is_writable_when_the_root_is_read_only():
    seen = evidence(writes={"/etc/motd": Write(operations={WriteOperation.WRITE})})
    got = rules(deployment(storage=(TMP, DATA)), seen)
    assert {"/tmp/{,**} rwlk,", "/srv/data/{,**} rwlk,"} <= set(got)
    assert not any("motd" in rule for rule in got)


def test_what_was_written_is_writable_when_the_root_is():
    writable = {"read_only_root": model.Decision(False, "it writes everywhere")}
    writes = dict.fromkeys(["/etc/motd", "/app/state/a", "/top"], Write(operations={WriteOperation.WRITE}))
    got = rules(deployment(**writable), evidence(writes=writes))
    assert {"/etc/motd rwlk,", "/app/state/{,**} rwlk,", "/top rwlk,"} <= set(got)


def test_nothing_makes_the_whole_root_writable():
    writable = {"read_only_root": model.Decision(False, "x"), "storage": ()}
    seen = evidence(writes={"/": Write(), "/x": Write()}, paths=opened("/", operation=Operation.LIST))
    for rule in rules(deployment(**writable), seen):
        path, _, permissions = rule.removesuffix(",").rpartition(" ")
        assert not (path in ("/**", "/{,**}") and set(permissions) & set("wrx"))


def test_capabilities_that_stay_are_granted_and_mounting_is_not():
    got = rules(deployment(capabilities=(model.Capability("CAP_CHOWN", "seen"),)))
    assert {"capability chown,", "deny mount,"} <= set(got)


def test_sockets_are_those_that_were_seen():
    listening = {Socket("listen", "inet", "tcp", "0.0.0.0", 80)}
    profile = model.Seccomp(("socket",), ("socket",), "1 run", families=(1, 2, 16))
    got = rules(deployment(seccomp=profile), evidence(sockets=listening))
    assert [rule for rule in got if rule.startswith("network")] == [
        "network inet stream,",
        "network netlink,",
    ]


def test_names_are_resolved_over_udp():
    seen = evidence(sockets={Socket("connect", "inet", "tcp", "10.0.0.9", 5432)})
    deployed = deployment(service={"outgoing": (model.Outgoing("10.0.0.9", 5432, "tcp"),)}, seccomp=None)
    assert "network inet dgram," in rules(deployed, seen)


def test_what_could_mean_something_else_in_a_profile_matches_any_character():
    got = rules(seen=evidence(paths=opened('/opt/a*{b} @{c}"!,/x', "/opt/%FF%0A/x", "/opt/lib-1.2+x_y~/z")))
    assert "/opt/a??b????c????/{,**} r," in got
    assert "/opt/??/{,**} r," in got
    assert "/opt/lib-1.2+x_y~/{,**} r," in got


@pytest.mark.parametrize("path", ["sysrq-trigger", "kcore", "sched_debug"])
def test_what_engines_hide_is_denied(path):
    assert any(rule.startswith("deny @{PROC}") and path in rule for rule in rules())
