"""The image's configuration and the user's wishes, put together as `docker run` does."""

import signal
from pathlib import Path

import pytest
from sandbox_images import Link, config_of, tree_of

from jettison.errors import ApplicationError, InvalidInputError, UsageError
from jettison.layers.tree import FileTree
from jettison.sandbox.spec import (
    DEFAULT_PATH,
    HOSTNAME,
    Mount,
    Overrides,
    parse_mount,
    parse_signal,
    read_env_file,
    run_spec,
    working_directory,
)


@pytest.fixture
def tree(tmp_path: Path) -> FileTree:
    return tree_of(tmp_path, {"etc/passwd": b"app:x:10:11::/srv:/bin/sh\n", "bin/sh": b""})


@pytest.mark.parametrize(
    ("entrypoint", "cmd", "overrides", "argv"),
    [
        (("/e",), ("c",), Overrides(), ("/e", "c")),
        (None, ("c", "d"), Overrides(), ("c", "d")),
        (("/e",), ("c",), Overrides(cmd=("x",)), ("/e", "x")),
        (("/e",), ("c",), Overrides(entrypoint=("/x", "y")), ("/x", "y")),
        (("/e",), ("c",), Overrides(entrypoint=("/x",), cmd=("z",)), ("/x", "z")),
        (("/e",), ("c",), Overrides(entrypoint=(), cmd=("z",)), ("z",)),
    ],
)
def test_entrypoint_and_command_follow_dockers_rule(
    tree: FileTree,
    entrypoint: tuple[str, ...] | None,
    cmd: tuple[str, ...] | None,
    overrides: Overrides,
    argv: tuple[str, ...],
) -> None:
    assert run_spec(config_of(entrypoint=entrypoint, cmd=cmd), tree, overrides).argv == argv


def test_an_image_without_a_command_cannot_be_run(tree: FileTree) -> None:
    with pytest.raises(ApplicationError, match="neither ENTRYPOINT nor CMD"):
        run_spec(config_of(), tree, Overrides())


def test_an_emptied_entrypoint_takes_the_images_command_with_it(tree: FileTree) -> None:
    with pytest.raises(ApplicationError):
        run_spec(config_of(entrypoint=("/e",), cmd=("c",)), tree, Overrides(entrypoint=()))


def test_the_environment_begins_with_path_and_host_name(tree: FileTree) -> None:
    spec = run_spec(config_of(cmd=("x",), env=("A=1", "B=2=3", "broken", "=x")), tree, Overrides())
    assert spec.env == {"PATH": DEFAULT_PATH, "HOSTNAME": HOSTNAME, "A": "1", "B": "2=3"}


def test_wishes_replace_the_images_variables(
    tree: FileTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_HOST", "host value")
    monkeypatch.delenv("UNSET_HERE", raising=False)
    file = tmp_path / "env"
    file.write_text("# comment\n  A=file\nC=c c\nFROM_HOST\nUNSET_HERE\n\n")
    wishes = Overrides(env=("A=wish", "UNSET_HERE", "FROM_HOST"), env_file=(file,))
    spec = run_spec(config_of(cmd=("x",), env=("A=1", "PATH=/p", "UNSET_HERE=image")), tree, wishes)
    assert spec.env == {
        "PATH": "/p",
        "HOSTNAME": HOSTNAME,
        "A": "wish",
        "C": "c c",
        "FROM_HOST": "host value",
    }


def test_nothing_else_of_this_process_reaches_the_application(
    tree: FileTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    spec = run_spec(config_of(cmd=("x",)), tree, Overrides())
    assert "secret" not in repr(spec)


@pytest.mark.parametrize("entry", ["=x", "", "A=\0"])
def test_what_is_not_a_variable_is_a_usage_error(tree: FileTree, entry: str) -> None:
    with pytest.raises(UsageError):
        run_spec(config_of(cmd=("x",)), tree, Overrides(env=(entry,)))


@pytest.mark.parametrize("line", ["=x", "A B=1", "A\tB"])
def test_a_broken_line_of_an_environment_file_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "env"
    file.write_text(f"OK=1\n{line}\n")
    with pytest.raises(UsageError, match=":2:"):
        read_env_file(file)


def test_an_environment_file_keeps_values_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_bytes(b'\xef\xbb\xbfA="quoted" # not a comment \r\nB=\r\n')
    assert read_env_file(file) == ['A="quoted" # not a comment ', "B="]


def test_a_missing_environment_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_env_file(tmp_path / "none")


def test_the_images_user_is_refused_as_input_and_the_users_as_usage(tree: FileTree) -> None:
    with pytest.raises(InvalidInputError):
        run_spec(config_of(cmd=("x",), user="none"), tree, Overrides())
    with pytest.raises(UsageError):
        run_spec(config_of(cmd=("x",)), tree, Overrides(user="none"))


def test_the_wished_user_wins(tree: FileTree) -> None:
    assert run_spec(config_of(cmd=("x",), user="app"), tree, Overrides(user="77")).user.uid == 77


@pytest.mark.parametrize(
    ("path", "clean"), [("", "/"), ("/", "/"), ("/app/", "/app"), ("/a/../b/./c", "/b/c"), ("//x", "/x")]
)
def test_a_working_directory_is_cleaned(tree: FileTree, path: str, clean: str) -> None:
    assert working_directory(tree, path) == clean


@pytest.mark.parametrize("path", ["app", "./app", "/proc/self/fd/7", "/proc", "/x/../proc/1", "/a\0b"])
def test_a_working_directory_that_leads_out_is_refused(tree: FileTree, path: str) -> None:
    with pytest.raises(InvalidInputError):
        working_directory(tree, path)


def test_a_link_cannot_lead_the_working_directory_into_proc(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, {"app": Link("srv"), "srv": Link("../proc/self/fd/8")})
    with pytest.raises(InvalidInputError, match="CVE-2024-21626"):
        working_directory(tree, "/app/x")


@pytest.mark.parametrize("part", [{"entrypoint": ("a\0",)}, {"env": ("A=\0",)}, {"env": ("A\0=1",)}])
def test_a_nul_byte_in_the_configuration_is_refused(tree: FileTree, part: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(InvalidInputError, match="NUL"):
        run_spec(config_of(**{"cmd": ("x",), **part}), tree, Overrides())


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("SIGTERM", signal.SIGTERM),
        ("quit", signal.SIGQUIT),
        ("9", 9),
        ("SIGRTMIN+3", signal.SIGRTMIN + 3),
        ("rtmax-2", signal.SIGRTMAX - 2),
        ("RTMIN", signal.SIGRTMIN),
    ],
)
def test_stop_signals_have_the_names_that_docker_takes(text: str, number: int) -> None:
    assert parse_signal(text) == number


@pytest.mark.parametrize(
    "text", ["", "0", "65", "99999999999999", "SIGNOPE", "SIG", "RTMIN+99", "-9", "1.5", "²"]
)
def test_what_is_not_a_signal_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_signal(text)


def test_the_stop_signal_is_term_unless_the_image_says_otherwise(tree: FileTree) -> None:
    assert run_spec(config_of(cmd=("x",)), tree).stop_signal == signal.SIGTERM
    assert run_spec(config_of(cmd=("x",), stop_signal="SIGQUIT"), tree).stop_signal == signal.SIGQUIT


def test_a_mount_is_source_destination_and_perhaps_ro(tmp_path: Path) -> None:
    assert parse_mount(f"{tmp_path}:/data/") == Mount(source=tmp_path, destination="/data")
    assert parse_mount(f"{tmp_path}:/data:ro").read_only
    assert not parse_mount(f"{tmp_path}:/data:rw").read_only


@pytest.mark.parametrize(
    "text", ["{}", "{}:", ":/x", "{}:x", "{}:/", "{}:/..", "{}:/x:readonly", "{}/none:/x", "{}:/a\0"]
)
def test_what_is_not_a_mount_is_a_usage_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        parse_mount(text.format(tmp_path))


def test_mount_points_are_the_working_directory_and_all_destinations(tree: FileTree, tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.touch()
    wishes = Overrides(mounts=(parse_mount(f"{tmp_path}:/d"), parse_mount(f"{file}:/etc/f")))
    spec = run_spec(config_of(cmd=("x",), working_dir="/app"), tree, wishes)
    assert [(point.path, point.folder) for point in spec.mountpoints] == [
        ("/app", True),
        ("/d", True),
        ("/etc/f", False),
    ]
