"""Pulling from registries that break, lie, or lead astray."""

import contextlib
import json
import os
import random
import threading
import time

import pytest
from fake_registry import FakeRegistry, serving

from builders import Item
from jettison.errors import (
    DigestError,
    HostError,
    InvalidInputError,
    JettisonError,
    LimitError,
    NotFoundError,
    PlatformError,
    RemoteError,
    UsageError,
)
from jettison.image.digest import Digest
from jettison.image.reference import parse_reference
from jettison.layers.tree import FileTree
from jettison.limits import MAX_JSON_BYTES
from jettison.stores.copy import copy_image
from jettison.stores.open import open_image
from jettison.stores.registry import client, patience
from jettison.stores.registry.address import endpoint_of, sink, sources
from jettison.stores.registry.auth import challenges
from jettison.stores.registry.credentials import find_credential
from jettison.stores.verified import verify
from layouts import Layout

CONTENT = random.Random(1).randbytes(3_000_000)  # does not compress: several reads of a socket
SECRET = "hunter2secret"


@pytest.fixture(autouse=True)
def own_files(monkeypatch, tmp_path):
    """A cache and credentials of its own for each test, and no long waits."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))
    monkeypatch.setattr(patience.random, "uniform", lambda *_: 0.01)


@pytest.fixture
def registry():
    with serving(FakeRegistry()) as fake:
        yield fake


@pytest.fixture
def layer(registry, tmp_path):
    """The path of the only layer of the image that `registry` has as `app:1`."""
    layout = Layout(tmp_path / "layout")
    manifest = layout.image([Item("a", CONTENT)])
    registry.publish(layout, manifest)
    return max(registry.documents, key=lambda path: len(registry.documents[path][1]))


def content(image) -> bytes:
    tree = FileTree.of(image)
    return tree.read(tree.get(b"a"))


def test_an_image_is_pulled_once(registry, layer):
    for _ in range(2):
        assert content(open_image(registry.reference())) == CONTENT
    assert len(registry.asked_for(layer)) == 1


def test_only_documents_are_read_until_a_layer_is_opened(registry, layer):
    assert open_image(registry.reference()).config.architecture == "amd64"
    assert registry.asked_for(layer) == []


def test_a_broken_connection_is_resumed_where_it_broke(registry, layer):
    faults = iter([True, True, False])

    def cut(handler, body):
        return "Range" not in handler.headers and next(faults) and (handler.cut(body, 1_000_000) or True)

    registry.faults[layer] = cut
    assert content(open_image(registry.reference())) == CONTENT
    first, second, *_ = registry.asked_for(layer)
    assert "Range" not in first
    assert 0 < int(second["Range"].removeprefix("bytes=").rstrip("-")) <= 1_000_000


def test_a_pull_that_was_killed_is_resumed_by_the_next(registry, layer):
    registry.faults[layer] = lambda handler, body: handler.cut(body, 1_000_000) or True
    with pytest.raises(RemoteError):
        content(open_image(registry.reference()))
    registry.faults.clear()
    registry.asked.clear()
    assert content(open_image(registry.reference())) == CONTENT
    assert "Range" in registry.asked_for(layer)[0]


def test_a_registry_that_does_not_know_ranges_starts_anew(registry, layer):
    cuts = iter([True])

    def whole(handler, body):
        if next(cuts, False):
            handler.cut(body, 1_000_000)
        else:
            handler.reply(200, body)
        return True

    registry.faults[layer] = whole
    assert content(open_image(registry.reference())) == CONTENT


def test_a_wrong_byte_is_asked_for_once_more_and_then_refused(registry, layer):
    registry.faults[layer] = lambda handler, body: handler.reply(200, body[:-1] + b"?") or True
    with pytest.raises(RemoteError, match="sha256:"):
        content(open_image(registry.reference()))
    assert len(registry.asked_for(layer)) == 2
    registry.faults.clear()
    assert content(open_image(registry.reference())) == CONTENT  # nothing wrong was kept


def test_more_than_was_declared_is_not_received(registry, layer):
    registry.faults[layer] = lambda handler, body: handler.reply(200, body + b"x") or True
    with pytest.raises(RemoteError, match="more than"):
        content(open_image(registry.reference()))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_registry_is_asked_again_as_soon_as_it_says(registry, layer, status):
    answers = iter([status, status])

    def busy(handler, body):
        code = next(answers, None)
        return code is not None and (handler.reply(code, Retry_After="0") or True)

    registry.faults["manifests/1"] = registry.faults[layer] = busy
    assert content(open_image(registry.reference())) == CONTENT


def test_a_registry_that_asks_for_too_much_patience_is_not_waited_for(registry, layer):
    registry.faults["manifests/1"] = lambda handler, _: handler.reply(429, Retry_After="99999") or True
    begun = time.monotonic()
    with pytest.raises(RemoteError) as caught:
        open_image(registry.reference())
    assert "99999" in caught.value.hint
    assert time.monotonic() - begun < 5
    assert len(registry.asked_for("manifests/1")) == 1


def test_a_registry_that_is_always_busy_is_given_up(registry, layer):
    registry.faults["manifests/1"] = lambda handler, _: handler.reply(503) or True
    with pytest.raises(RemoteError):
        open_image(registry.reference())
    assert len(registry.asked_for("manifests/1")) == 5


def test_credentials_do_not_follow_a_redirect_to_another_host(registry, layer, tmp_path):
    entry = {"auth": "dXNlcjpodW50ZXIyc2VjcmV0"}
    (tmp_path / "auth.json").write_text(json.dumps({"auths": {registry.host: entry}}))

    def guarded(handler, _body):
        if "Authorization" in handler.headers:
            return False
        handler.reply(401, WWW_Authenticate='Basic realm="r"')
        return True

    with serving(FakeRegistry(documents=registry.documents)) as other:
        moved = f"http://{other.host}/v2/app/{layer}"
        registry.faults["manifests/1"] = guarded
        registry.faults[layer] = lambda handler, _: handler.reply(307, Location=moved) or True
        assert content(open_image(registry.reference())) == CONTENT
        assert registry.asked_for(layer)[0]["Authorization"].startswith("Basic ")
        assert [h for h in other.asked_for(layer) if "Authorization" in h] == []
        assert len(other.asked_for(layer)) == 1


@pytest.mark.parametrize(
    "location",
    ["http://169.254.169.254/latest", "file:///etc/passwd", "http://[fe80::1]/", "http://0.0.0.0/"],
)
def test_a_redirect_into_the_hosts_own_network_is_not_followed(registry, layer, location):
    registry.faults["manifests/1"] = lambda handler, _: handler.reply(302, Location=location) or True
    with pytest.raises(RemoteError, match="not followed"):
        open_image(registry.reference())


def test_redirects_end(registry, layer):
    registry.faults["manifests/1"] = lambda handler, _: handler.reply(302, Location=handler.path) or True
    with pytest.raises(RemoteError, match="more than 10 times"):
        open_image(registry.reference())


@pytest.mark.parametrize(
    "realm", ["http://169.254.169.254/token", "ftp://host/token", "http://u:p@127.0.0.1/", ""]
)
def test_no_password_goes_to_a_token_server_that_may_not_be_asked(registry, layer, realm):
    challenge = f'Bearer realm="{realm}",service="s"'
    registry.faults["manifests/1"] = lambda handler, _: handler.reply(401, WWW_Authenticate=challenge) or True
    with pytest.raises(RemoteError, match="token server"):
        open_image(registry.reference())


def test_a_manifest_over_the_limit_is_refused(registry, layer):
    kind, raw = registry.documents["manifests/1"]
    registry.documents["manifests/1"] = (kind, raw + b" " * MAX_JSON_BYTES)
    with pytest.raises(LimitError):
        open_image(registry.reference())


def test_a_manifest_that_is_not_what_its_header_says_is_refused(registry, layer):
    lie = {"Docker_Content_Digest": "sha256:" + "a" * 64}
    registry.faults["manifests/1"] = lambda handler, body: handler.reply(200, body, **lie) or True
    with pytest.raises(RemoteError, match="a" * 64):
        open_image(registry.reference())
    assert len(registry.asked_for("manifests/1")) == 2


def test_a_pinned_digest_is_held_against_what_comes(registry, layer):
    wrong = "sha256:" + "a" * 64
    registry.documents[f"manifests/{wrong}"] = registry.documents["manifests/1"]
    with pytest.raises(RemoteError):
        open_image(f"docker://{registry.host}/app@{wrong}")


def test_a_page_of_html_is_no_image(registry, layer):
    registry.documents["manifests/1"] = ("text/html", b"<html>log in to the hotel</html>")
    with pytest.raises(JettisonError) as caught:
        open_image(registry.reference())
    assert caught.value.exit_code in (3, 5)


def test_what_is_not_there_is_said_without_escape_sequences(registry, layer):
    with pytest.raises(NotFoundError) as caught:
        open_image(registry.reference("2"))
    assert "\x1b" not in str(caught.value)


def test_an_index_gives_the_platform_and_never_an_attestation(registry, tmp_path):
    layout = Layout(tmp_path / "layout")
    unknown = {"platform": {"os": "unknown", "architecture": "unknown"}}
    index = layout.index(
        layout.image([Item("attestation")], **unknown),
        layout.image([Item("arm")], architecture="arm64", platform={"os": "linux", "architecture": "arm64"}),
        layout.image([Item("amd")], platform={"os": "linux", "architecture": "amd64"}),
    )
    registry.publish(layout, index)
    for path in list(registry.documents):
        if path.startswith("blobs/"):
            kind = "application/vnd.oci.image.manifest.v1+json"
            registry.documents.setdefault("manifests/" + path[6:], (kind, registry.documents[path][1]))
    for platform, name in (("linux/arm64", b"arm"), ("linux/amd64", b"amd")):
        assert name in FileTree.of(open_image(registry.reference(), platform=platform))
    with pytest.raises(PlatformError):
        open_image(registry.reference(), platform="linux/s390x")


def test_an_artifact_is_not_an_image(registry, tmp_path):
    layout = Layout(tmp_path / "layout")
    empty = layout.blob(b"{}", "application/vnd.oci.empty.v1+json")
    registry.publish(layout, layout.image([Item("a")], manifest={"config": empty}))
    with pytest.raises(InvalidInputError, match="not an image"):
        open_image(registry.reference())


def test_a_copy_of_a_damaged_layer_leaves_nothing(registry, layer, tmp_path):
    registry.faults[layer] = lambda handler, body: handler.reply(200, body[:-1] + b"?") or True
    with pytest.raises(RemoteError):
        copy_image(registry.reference(), f"oci:{tmp_path}/copy:1")
    assert not (tmp_path / "copy").exists()


def test_a_damaged_file_of_the_cache_is_fetched_again(registry, layer, tmp_path):
    content(open_image(registry.reference()))
    (file,) = (tmp_path / "cache/jettison/blobs").glob("sha256-*")
    file.chmod(0o600)
    os.truncate(file, 10)
    copy_image(registry.reference(), f"oci:{tmp_path}/copy:1")
    assert content(open_image(f"oci:{tmp_path}/copy:1")) == CONTENT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("docker://redis", "docker.io/library/redis"),
        ("docker://docker.io/redis:7", "docker.io/library/redis"),
        ("docker://team/app", "docker.io/team/app"),
        ("docker://localhost:5000/app", "localhost:5000/app"),
        ("docker://registry.example/team/app@sha256:" + "a" * 64, "registry.example/team/app"),
    ],
)
def test_short_names_are_of_docker_hub(text, expected):
    assert str(endpoint_of(parse_reference(text))) == expected


def test_only_loopback_and_what_the_user_names_is_spoken_to_without_tls(tmp_path):
    (tmp_path / "registries.conf").write_text('[[registry]]\nlocation = "lab.example"\ninsecure = true\n')
    insecure = [
        sink(endpoint_of(parse_reference(f"docker://{host}/a"))).insecure
        for host in ("lab.example", "lab.example.org", "registry.example")
    ]
    assert insecure == [True, False, False]
    loopback = [
        endpoint_of(parse_reference(f"docker://{host}/a")).is_loopback
        for host in (
            "localhost:5000",
            "127.0.0.5",
            "[::1]:5000",
            "127.0.0.1.example",
            "10.0.0.1",
            "localhost.example",
        )
    ]
    assert loopback == [True, True, True, False, False, False]


def test_mirrors_are_asked_first_and_never_pushed_to(registry, layer, tmp_path):
    (tmp_path / "registries.conf").write_text(
        f'[[registry]]\nprefix = "{registry.host}/app"\nlocation = "{registry.host}/app"\n'
        f'[[registry.mirror]]\nlocation = "127.0.0.1:1/nothing"\n'
    )
    assert content(open_image(registry.reference())) == CONTENT
    found = sources(endpoint_of(parse_reference(registry.reference())))
    assert [str(each) for each in found] == ["127.0.0.1:1/nothing", f"{registry.host}/app"]


def test_a_blocked_registry_is_not_asked(tmp_path):
    (tmp_path / "registries.conf").write_text('[[registry]]\nprefix = "*.evil.example"\nblocked = true\n')
    with pytest.raises(UsageError, match="blocks"):
        open_image("docker://a.evil.example/app")


def test_several_challenges_in_one_header_are_told_apart():
    found = challenges(
        ['Negotiate, Basic realm="a, b", Bearer realm="https://t/x",service="s",scope="a:b:c,d"']
    )
    assert [(c.scheme, c.parameters.get("realm")) for c in found] == [
        ("basic", "a, b"),
        ("bearer", "https://t/x"),
    ]
    assert found[1].parameters["scope"] == "a:b:c,d"


def helper(folder, script: str) -> dict[str, str]:
    """An environment with the credential helper `test`."""
    (folder / "docker").mkdir(exist_ok=True)
    program = folder / "docker-credential-test"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "DOCKER_CONFIG": str(folder / "docker"),
        "HOME": str(folder),
    }


def test_a_credential_helper_is_asked_for_its_host(tmp_path):
    environment = helper(
        tmp_path, f'read host; echo "{{\\"Username\\":\\"$host\\",\\"Secret\\":\\"{SECRET}\\"}}"'
    )
    (tmp_path / "docker/config.json").write_text('{"credHelpers":{"registry.example":"test"}}')
    found = find_credential(endpoint_of(parse_reference("docker://registry.example/a")), environment)
    assert (found.username, found.password) == ("registry.example", SECRET)
    assert SECRET not in repr(found)
    assert find_credential(endpoint_of(parse_reference("docker://other.example/a")), environment) is None


def test_docker_hub_is_known_by_its_old_name_and_may_give_a_token(tmp_path):
    environment = helper(tmp_path, f'echo "{{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"{SECRET}\\"}}"')
    (tmp_path / "docker/config.json").write_text('{"auths":{},"credsStore":"test"}')
    assert find_credential(endpoint_of(parse_reference("docker://a")), environment).identity_token == SECRET


@pytest.mark.parametrize(
    "script", [f"echo {SECRET}", f"echo {SECRET} >&2; exit 3", "exec >&-", "head -c 100000 /dev/zero"]
)
def test_a_helper_that_prints_junk_is_an_error_that_repeats_none_of_it(tmp_path, script):
    environment = helper(tmp_path, script)
    (tmp_path / "docker/config.json").write_text('{"credsStore":"test"}')
    with pytest.raises(RemoteError) as caught:
        find_credential(endpoint_of(parse_reference("docker://registry.example/a")), environment)
    assert SECRET not in str(caught.value) + caught.value.hint


def test_a_helper_that_is_not_installed_or_no_name_is_said(tmp_path):
    environment = helper(tmp_path, "")
    for name in ("missing", "../../bin/sh"):
        (tmp_path / "docker/config.json").write_text(json.dumps({"credsStore": name}))
        with pytest.raises(HostError):
            find_credential(endpoint_of(parse_reference("docker://registry.example/a")), environment)


def test_the_most_particular_entry_of_podmans_file_counts(tmp_path):
    path = tmp_path / "auth.json"
    path.write_text('{"auths":{"h.example":{"auth":"YTpi"},"h.example/team":{"auth":"YzpkOmU="}}}')
    environment = {"REGISTRY_AUTH_FILE": str(path), "HOME": str(tmp_path)}
    names = [
        find_credential(endpoint_of(parse_reference(f"docker://h.example/{n}")), environment)
        for n in ("team/app", "teams/app")
    ]
    assert [(n.username, n.password) for n in names] == [("c", "d:e"), ("a", "b")]


def test_every_digest_algorithm_is_held_against_the_bytes():
    assert Digest.of(b"a").matches(b"a")
    assert not Digest.of(b"a").matches(b"b")


def test_a_manifest_that_trickles_is_given_up(registry, layer, monkeypatch):
    monkeypatch.setattr(client, "DOCUMENT_TIMEOUT_S", 0.3)
    monkeypatch.setattr(patience, "RETRY_BUDGET_S", 0.5)

    def trickle(handler, body):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        for byte in body:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.02)
        return True

    registry.faults["manifests/1"] = trickle
    started = time.monotonic()
    with pytest.raises(RemoteError, match="broke"):
        open_image(registry.reference())
    assert time.monotonic() - started < 5


def test_a_greeting_that_never_ends_is_not_read(registry, layer):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(b"x" * 65536)

    registry.greeting = endless
    started = time.monotonic()
    assert open_image(registry.reference()).config.architecture == "amd64"
    assert time.monotonic() - started < 5


def test_a_layer_is_verified_while_the_rest_of_it_is_received(registry, layer):
    """The registry sends the second half only once the first was read."""
    image = open_image(registry.reference())
    halves = []
    received = threading.Event()

    def half(handler, body):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        halves.append(received.wait(10))
        handler.wfile.write(body[len(body) // 2 :])
        return True

    registry.faults[layer] = half
    with image.layers[0].blob.arriving(threading.Event()) as stream:
        first = stream.read(1000)
        received.set()
        rest = stream.readall()
    assert halves == [True]
    assert first + rest == registry.documents[layer][1]


def test_a_layer_that_came_wrong_at_first_is_verified_once_it_is_right(registry, layer):
    lies = iter([True])

    def once(handler, body):
        return next(lies, False) and (
            handler.reply(200, body[:1_000_000] + bytes(len(body) - 1_000_000)) or True
        )

    registry.faults[layer] = once
    verify(open_image(registry.reference()))
    assert len(registry.asked_for(layer)) == 2


def test_what_a_layer_unpacks_to_is_held_against_the_config_as_it_comes(registry, tmp_path):
    layout = Layout(tmp_path / "layout")
    wrong = {"rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}}
    registry.publish(layout, layout.image([Item("a", CONTENT)], config=wrong))
    with pytest.raises(DigestError):
        verify(open_image(registry.reference()))


def test_who_waits_for_a_layer_can_be_stopped(registry, layer):
    released = threading.Event()
    registry.faults[layer] = lambda handler, body: released.wait(10) and False
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    begun = time.monotonic()
    with open_image(registry.reference()).layers[0].blob.arriving(stop) as stream:
        with pytest.raises(RemoteError, match="stopped"):
            stream.read(1)
        assert time.monotonic() - begun < 3
    released.set()
