"""Commands that ask from inside: which there are, and what they consist of."""

import ast
import http.server
import shutil
import socket
import subprocess
import threading

import pytest

from builders import Item, tree_of
from jettison.harden.operations import healthcheck
from jettison.harden.operations.healthcheck import Target, of_image
from jettison.workload.endpoint import Endpoint, Scheme
from jettison.workload.steps import Healthcheck

SHELL = ("/bin/sh", "-c")
PATH = "/usr/bin:/bin"
TARGETS = [
    Target(8080, Scheme.HTTP, "127.0.0.1", "/healthz"),
    Target(8443, Scheme.HTTPS, "127.0.0.1", "/healthz"),
    Target(8080, Scheme.HTTP, "::1", "/healthz"),
    Target(6379, Scheme.TCP),
]


@pytest.fixture
def tree(tmp_path):
    programs = [Item(f"usr/bin/{name}", b"#!", mode=0o755) for name in ("sh", "curl", "grep")]
    return tree_of(tmp_path, [*programs, Item("usr/bin/notes", b"", mode=0o644), Item("bin", link="usr/bin")])


class TestOfImage:
    """The image's own HEALTHCHECK."""

    def test_arguments_are_taken_as_they_are(self, tree):
        found = of_image(Healthcheck(test=("CMD", "curl", "-f", "http://localhost/")), SHELL, tree, PATH)
        assert found.probe.command == ("curl", "-f", "http://localhost/")
        assert found.needs == ("/usr/bin/curl",)

    def test_a_line_needs_the_shell_and_every_program_in_it(self, tree):
        line = "curl -f http://localhost/ | grep -q ok || exit 1"
        found = of_image(Healthcheck(test=("CMD-SHELL", line)), SHELL, tree, PATH)
        assert found.probe.command == (*SHELL, line)
        assert found.needs == ("/bin/sh", "/usr/bin/curl", "/usr/bin/grep")

    def test_words_that_are_no_program_are_not_needed(self, tree):
        found = of_image(Healthcheck(test=("CMD-SHELL", "notes missing ../curl '")), SHELL, tree, PATH)
        assert found.needs == ("/bin/sh",)

    @pytest.mark.parametrize("test", [("NONE",), (), ("CMD",), ("CMD-SHELL", "exit 0")])
    def test_none_where_it_cannot_be_run(self, tree, test):
        assert of_image(Healthcheck(test=test), None, tree, PATH) is None

    def test_none_where_the_image_has_none(self, tree):
        assert of_image(None, SHELL, tree, PATH) is None


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.url)
class TestCommands:
    """What is made for a target is valid in its language; that it works is tested in containers."""

    def test_python(self, target):
        option, program = healthcheck._python(target)
        assert option == "-c"
        ast.parse(program)
        assert str(target.port) in program

    @pytest.mark.parametrize(
        "make", [healthcheck._redis, healthcheck._postgres, healthcheck._mysql, healthcheck._nc]
    )
    def test_clients_of_databases_ask_no_path(self, target, make):
        assert (make(target) is None) == bool(target.path)

    @pytest.mark.parametrize("make", [healthcheck._wget, healthcheck._curl, healthcheck._busybox])
    def test_fetching_needs_a_path(self, target, make):
        assert (make(target) is None) == (not target.path)
        if target.path:
            assert make(target)[-1] == target.url
            assert bool({"-k", "--no-check-certificate"} & set(make(target))) == target.secure


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def port():
    """Of a server that has one path."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize("name", healthcheck._GENERAL)
def test_every_program_of_this_host_tells_answers_from_failures(name, port):
    """0 for a path that is there and for an open port, anything else for a missing path and a closed port."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"this host has no {name}")
    make = healthcheck._GENERAL[name]
    with socket.create_server(("127.0.0.1", 0)) as other:
        closed = other.getsockname()[1]
    for target, good in (
        (Target(port, Scheme.HTTP, path="/healthz"), True),
        (Target(port, Scheme.HTTP, path="/missing"), False),
        (Target(closed, Scheme.HTTP, path="/healthz"), False),
        (Target(port, Scheme.TCP), True),
        (Target(closed, Scheme.TCP), False),
    ):
        arguments = make(target)
        if arguments is not None:
            done = subprocess.run([program, *arguments], capture_output=True, timeout=30, env={"HOME": "/"})
            assert (done.returncode == 0) is good, (target.url, done.stderr)


def test_a_target_of_an_endpoint():
    assert Target.of(Endpoint(80, Scheme.HTTP, "::1"), "/x").url == "http://[::1]:80/x"
