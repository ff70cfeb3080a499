"""Where log lines go and how they look."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import Item, tree_of
from jettison.harden.logs import log_files, logs_of
from jettison.observe.evidence import Write, WriteOperation

WRITTEN = Write(operations={WriteOperation.CREATE, WriteOperation.WRITE})


@pytest.fixture
def tree(tmp_path):
    """An image like that of a web server, whose log is a link to stdout."""
    return tree_of(
        tmp_path,
        [
            Item("var/log/nginx/access.log", link="/dev/stdout"),
            Item("var/log/nginx/error.log", link="/proc/self/fd/2"),
            Item("var/log/app", None),
        ],
    )


def format_of(*lines, tree):
    return logs_of("\n".join(lines).encode(), b"", {}, tree).format


def test_json_lines(tree):
    line = json.dumps({"level": "info", "message": "listening"})
    assert format_of(line, line, "a banner", tree=tree) == "json"


def test_logfmt(tree):
    assert format_of('time=2026-01-01T00:00:00Z level=info msg="all is well"', tree=tree) == "logfmt"


def test_access_logs(tree):
    common = '10.0.0.1 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 2326'
    assert format_of(common, common + ' "-" "curl/8"', tree=tree) == "combined"


def test_plain_lines(tree):
    assert format_of("Server listening on a=b port 80", "[1] [INFO] ready", tree=tree) == "plain"


def test_a_trace_belongs_to_the_entry_before(tree):
    """It neither counts against the format nor goes unmentioned."""
    line = "ts=1 level=error msg=failed"
    trace = ["Traceback (most recent call last):", '  File "a.py", line 1', "ValueError: no"]
    found = logs_of("\n".join([line, *trace]).encode(), b"", {}, tree)
    assert found.format == "logfmt"
    assert "traces take several lines" in found.because


def test_silence(tree):
    found = logs_of(b"", b"\n\n", {}, tree)
    assert (found.stdout, found.format) == (False, "")


@given(st.binary(max_size=3000), st.binary(max_size=3000))
def test_any_bytes_are_read(tmp_path_factory, stdout, stderr):
    tree = tree_of(tmp_path_factory.getbasetemp(), [Item("a")])
    found = logs_of(stdout, stderr, {}, tree)
    assert found.format in ("", "json", "logfmt", "combined", "plain")
    assert found.stdout == bool(found.format) or found.stdout


@pytest.mark.parametrize(
    "path",
    [
        "/var/log/app/out.txt",
        "/app/logs/today",
        "/app/server.log",
        "/app/server.log.1",
        "/opt/tomcat/catalina.out",
    ],
)
def test_log_files_are_known_by_name_or_folder(tree, path):
    assert log_files({path: WRITTEN}, tree) == (path,)


@pytest.mark.parametrize(
    "path",
    [
        "/var/log/nginx/access.log",
        "/var/log/nginx/error.log",
        "/var/log/wtmp",
        "/var/lib/data.db",
        "/app/catalog",
        "/run/app.pid",
        "/var/log/app.pid",
        "/proc/self/fd/1",
    ],
)
def test_other_files_and_links_to_stdout_are_none(tree, path):
    assert log_files({path: WRITTEN}, tree) == ()


def test_what_was_only_made_or_removed_is_none(tree):
    assert log_files({"/var/log/x.log": Write(operations={WriteOperation.UNLINK})}, tree) == ()
    assert log_files({"/var/log/x": Write(operations={WriteOperation.MKDIR})}, tree) == ()
