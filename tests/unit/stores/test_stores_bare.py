"""What a bare name means: which places are asked, in which order, and what is said when none has it."""

import pytest
from fake_registry import FakeRegistry, serving

from builders import Item
from jettison.errors import AbsentError, HostError, NotFoundError, RemoteError
from jettison.image.reference import parse_reference
from jettison.stores import bare
from jettison.stores.bare import destination, open_bare
from jettison.stores.docker_daemon.client import Engine, has_engine
from layouts import Layout


class Found(Exception):
    """Raised instead of an image that a place has."""


@pytest.fixture
def places(monkeypatch):
    """Sets what the Docker engine and Podman do: `None` is absent, an exception is raised."""

    def place(docker: Exception | None, podman: Exception | None) -> None:
        def opener(outcome):
            def open_it(reference, **_):
                raise outcome

            return open_it

        monkeypatch.setattr(bare, "has_engine", lambda _: docker is not None)
        monkeypatch.setattr(bare, "has_podman", lambda: podman is not None)
        monkeypatch.setattr(bare, "open_daemon", opener(docker))
        monkeypatch.setattr(bare, "open_podman", opener(podman))

    return place


def opened(name: str):
    return open_bare(parse_reference(name), None)


@pytest.mark.parametrize(
    ("docker", "podman"),
    [(Found("here"), NotFoundError("x")), (None, Found("here")), (NotFoundError("x"), Found("here"))],
    ids=["in Docker", "Docker absent", "Docker lacks it"],
)
def test_the_first_engine_that_has_it_counts(places, docker, podman):
    places(docker, podman)
    with pytest.raises(Found):
        opened("app:1")


def test_the_registry_has_the_last_word(places, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    places(None, NotFoundError("x"))
    with serving(FakeRegistry()) as registry:
        layout = Layout(tmp_path / "layout")
        registry.publish(layout, layout.image([Item("a", b"x")]))
        image = opened(f"{registry.host}/app:1")
        assert image.reference == f"docker://{registry.host}/app:1"
        with pytest.raises(NotFoundError) as caught:
            opened(f"{registry.host}/app:2")
    assert caught.value.details == (
        "the Docker engine: not on this host",
        "Podman: has no such image",
        f"the registry {registry.host}: has no such image",
    )


def test_an_engine_that_fails_is_not_passed_over(places):
    places(RemoteError("out of order"), Found("another image of this name"))
    with pytest.raises(RemoteError, match="out of order"):
        opened("app:1")


def test_what_was_tried_is_told_with_a_failure(places):
    places(NotFoundError("x"), RemoteError("out of order"))
    with pytest.raises(RemoteError) as caught:
        opened("app:1")
    assert caught.value.details == ("the Docker engine: has no such image", "Podman: out of order")


def test_an_image_id_is_not_asked_of_a_registry(places):
    places(None, None)
    with pytest.raises(NotFoundError) as caught:
        opened("sha256:" + "0" * 64)
    assert len(caught.value.details) == 2


@pytest.mark.parametrize(
    ("text", "source", "docker", "podman", "meant"),
    [
        ("oci:x:1", "app", True, True, "oci:x:1"),
        ("app:2", "app:1", True, True, "app:2"),
        ("app:2", "docker-daemon:app:1", False, True, "app:2"),
        ("app:2", "podman:app:1", True, True, "podman:app:2"),
        ("app:2", "oci:x:1", True, True, "app:2"),
        ("app:2", "oci:x:1", False, True, "podman:app:2"),
        ("app:2", "docker://r.example/app:1", False, True, "podman:app:2"),
    ],
)
def test_a_bare_destination_is_an_engine(places, text, source, docker, podman, meant):
    places(Found() if docker else None, Found() if podman else None)
    assert destination(text, source) == meant


def test_without_an_engine_a_bare_destination_is_an_error(places):
    places(None, None)
    with pytest.raises(HostError, match="neither"):
        destination("app:2", "oci:x:1")


def test_a_missing_socket_is_no_engine(tmp_path):
    assert not has_engine(f"unix://{tmp_path}/none.sock")


def test_an_absent_engine_is_told_from_one_that_fails(tmp_path):
    with Engine(f"unix://{tmp_path}/none.sock") as engine, pytest.raises(AbsentError):
        engine.info()
