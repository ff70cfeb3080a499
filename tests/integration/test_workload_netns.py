"""The whole drive against real processes in real network namespaces."""

import http.client
import json
import os
import signal
import subprocess
import threading
import time

import pytest
from workload_target import python, running

from jettison.limits import RUN_TEXT_BYTES
from jettison.observe.evidence import Phase
from jettison.workload.drive import drive
from jettison.workload.endpoint import Scheme
from jettison.workload.judge import require_started, require_working
from jettison.workload.responses import Kind
from jettison.workload.steps import Healthcheck, parse_workload

pytestmark = pytest.mark.integration

WEB = """
import http.server, sys, time
time.sleep(float(sys.argv[1]) if len(sys.argv) > 1 else 0)
class Handler(http.server.BaseHTTPRequestHandler):
    PAGES = {"/": ("text/html", '<link href="/a.css" rel="stylesheet"><a href="/next">'),
             "/a.css": ("text/css", "p{background:url(b.png)}"), "/next": ("text/html", "end")}
    def do_GET(self):
        kind, text = self.PAGES.get(self.path, ("text/plain", "no"))
        self.send_response(200 if self.path in self.PAGES else 404)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())
    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()
        self.wfile.write(data)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("%s", %d), Handler).serve_forever()
"""


def driven(target, *, marks=None, **options):
    """One drive with `options` of `parse_workload`."""
    seen = [] if marks is None else marks
    return drive(parse_workload(**options), target, lambda phase, step: seen.append((phase, step)))


def by_step(run):
    return {response.step: response for response in run.responses}


def test_a_web_service_is_waited_for_crawled_and_commanded_inside_its_namespace(tmp_path):
    marks = []
    with python(tmp_path, WEB % ("127.0.0.1", 3000)) as target:
        run = driven(
            target,
            marks=marks,
            exposed=["3000/tcp"],
            http=['POST /api {"a": 1}'],
            exec=["exit 3"],
            host_exec=['curl -s $JETTISON_URL/next; echo " $JETTISON_HOST $JETTISON_PORT"'],
            healthcheck=Healthcheck(test=("CMD-SHELL", "exit 0")),
        )
    answers = by_step(run)
    assert run.steps == (
        "start",
        "healthcheck",
        "http GET /",
        "http POST /api",
        "crawl GET /a.css",
        "crawl GET /next",
        "crawl GET /b.png",
        "exec 1: exit 3",
        'host-exec 1: curl -s $JETTISON_URL/next; echo " $JETTISON_HOST $JETTISON_PORT"',
    )
    assert [step for _, step in marks] == list(run.steps)
    assert [phase for phase, _ in marks][:3] == [Phase.START, Phase.EXEC, Phase.SERVE]
    assert answers["http POST /api"].status == 201
    assert answers["http POST /api"].body.text == '{"a": 1}'
    assert answers["crawl GET /b.png"].status == 404
    assert answers["exec 1: exit 3"].exit_code == 3
    assert answers[run.steps[-1]].stdout.text == "end 127.0.0.1 3000\n"
    assert answers["start"].endpoints == ("http :3000",)
    assert 0 < run.ready_seconds < 10


def test_nothing_of_the_service_can_be_reached_from_the_host(tmp_path):
    with python(tmp_path, WEB % ("0.0.0.0", 34567)) as target:
        assert driven(target).ready_seconds is not None
        with pytest.raises(ConnectionRefusedError):
            http.client.HTTPConnection("127.0.0.1", 34567, timeout=2).request("GET", "/")


def test_our_own_thread_stays_in_the_namespace_of_the_host(tmp_path):
    before = threading.active_count()
    own = open_namespace()
    with python(tmp_path, WEB % ("127.0.0.1", 80)) as target:
        driven(target)
    assert open_namespace() == own
    assert threading.active_count() == before


def open_namespace():
    return subprocess.run(["readlink", "/proc/self/ns/net"], capture_output=True, check=True).stdout


def test_an_application_that_listens_late_is_waited_for_without_a_fixed_sleep(tmp_path):
    with python(
        tmp_path, WEB.replace("sys.argv[1]", "1.0").replace("len(sys.argv) > 1", "True") % ("", 80)
    ) as target:
        run = driven(target, exposed=["80"])
    assert 1.0 < run.ready_seconds < 4


def test_a_service_on_ipv6_loopback_alone_is_reached(tmp_path):
    six = "http.server.ThreadingHTTPServer.address_family = 10\n"
    source = WEB.replace("http.server.Threading", six + "http.server.Threading")
    with python(tmp_path, source % ("::1", 80)) as target:
        run = driven(target, host_exec=["echo $JETTISON_URL"])
    assert run.endpoints[0].address == "::1"
    assert run.responses[-1].stdout.text == "http://[::1]:80\n"
    assert by_step(run)["http GET /"].status == 200


PROXY = """
import socket, threading, time
begin = time.monotonic()
server = socket.create_server(("127.0.0.1", 8080))
while True:
    client, _ = server.accept()
    client.recv(1000)
    ready = time.monotonic() - begin > 0.7
    client.sendall(%s if ready else %s)
    client.close()
"""


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"])
def test_a_proxy_that_accepts_before_its_application_listens_is_not_ready(tmp_path, before):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with python(tmp_path, PROXY % (answer, before)) as target:
        run = driven(target, exposed=["8080"])
    assert 0.6 < run.ready_seconds < 3
    assert by_step(run)["http GET /"].status == 200


def test_an_application_that_listens_before_it_accepts_is_not_ready(tmp_path):
    source = WEB.replace(
        ".serve_forever()",
        '; s = http.server.ThreadingHTTPServer(("", 80), Handler); time.sleep(1.5); s.serve_forever()',
    ).replace('http.server.ThreadingHTTPServer(("%s", %d), Handler);', "pass;")
    with python(tmp_path, source) as target:
        run = driven(target)
    assert 1.4 < run.ready_seconds < 4
    assert by_step(run)["http GET /"].status == 200


def test_a_service_that_is_not_http_is_ready_when_it_listens(tmp_path):
    source = """
import socket
server = socket.create_server(("127.0.0.1", 7777))
while True:
    client, _ = server.accept()
    client.sendall(b"-ERR what\\r\\n" if client.recv(100) != b"PING" else b"PONG")
    client.close()
"""
    with python(tmp_path, source) as target:
        run = driven(
            target, exposed=["7777"], host_exec=["printf PING > /dev/tcp/$JETTISON_HOST/$JETTISON_PORT"]
        )
    assert [endpoint.scheme for endpoint in run.endpoints] == [Scheme.TCP]
    assert [response.kind for response in run.responses] == [Kind.START, Kind.HOST_EXEC]
    assert run.responses[-1].exit_code == 0


def test_a_declared_udp_service_is_ready_when_it_is_bound(tmp_path):
    source = """
import socket, time
server = socket.socket(type=socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 5353))
time.sleep(60)
"""
    with python(tmp_path, source) as target:
        assert driven(target, exposed=["5353/udp"]).endpoints[0].scheme is Scheme.UDP


def test_a_second_exposed_port_that_opens_later_is_waited_for(tmp_path):
    source = (WEB % ("127.0.0.1", 80)).replace(
        "http.server.ThreadingHTTPServer",
        "import threading; threading.Timer(0.8, lambda: http.server.HTTPServer(('127.0.0.1', 81), Handler)"
        ".serve_forever()).start()\nhttp.server.ThreadingHTTPServer",
    )
    with python(tmp_path, source) as target:
        run = driven(target, exposed=["80", "81"])
    assert [endpoint.port for endpoint in run.endpoints] == [80, 81]
    assert "http GET :81/" in run.steps


def test_an_exposed_port_that_never_opens_costs_a_moment_and_a_replay_nothing(tmp_path):
    workload = parse_workload(exposed=["80", "8443"])
    with python(tmp_path, WEB % ("127.0.0.1", 80)) as target:
        first = drive(workload, target, lambda *_: None)
    with python(tmp_path, WEB % ("127.0.0.1", 80)) as target:
        second = drive(workload.replaying(first), target, lambda *_: None)
    assert 1.0 < first.ready_seconds < 4
    assert second.ready_seconds < 1.0
    assert first.steps == second.steps


INTERNAL = """
import socket, threading, time
def silent(port):
    server = socket.create_server(("127.0.0.1", port))
    while True:
        kept.append(server.accept())
kept = []
threading.Thread(target=silent, args=(9000,), daemon=True).start()
time.sleep(0.3)
"""


def test_a_port_of_its_own_beside_the_exposed_one_is_not_asked(tmp_path):
    with python(tmp_path, INTERNAL + WEB % ("127.0.0.1", 80)) as target:
        run = driven(target, exposed=["80"])
    assert [endpoint.port for endpoint in run.endpoints] == [80]
    assert run.ready_seconds < 4


def test_a_service_on_another_port_than_the_exposed_one_is_found(tmp_path):
    with python(tmp_path, WEB % ("127.0.0.1", 8081)) as target:
        run = driven(target, exposed=["80"])
    assert [endpoint.port for endpoint in run.endpoints] == [8081]


def test_a_service_on_both_families_is_reached_by_ipv4(tmp_path):
    source = WEB.replace(
        "http.server.Threading", "http.server.ThreadingHTTPServer.address_family = 10\nhttp.server.Threading"
    )
    with python(tmp_path, source % ("::", 80)) as target:
        assert driven(target).endpoints[0].address == "127.0.0.1"


def test_a_replay_that_stays_at_rest_is_given_up_before_its_time(tmp_path):
    with python(tmp_path, WEB % ("127.0.0.1", 80)) as target:
        first = driven(target)
    with running(tmp_path, "sleep", "60") as target:
        started = time.monotonic()
        second = drive(parse_workload().replaying(first), target, lambda *_: None)
    assert second.responses[0].error.startswith("nothing listens")
    assert time.monotonic() - started < 8


def test_an_application_that_fails_at_once_is_noticed_at_once(tmp_path):
    with running(tmp_path, "sh", "-c", "echo cannot open config; exit 2") as target:
        started = time.monotonic()
        run = driven(target, exposed=["80"])
    assert time.monotonic() - started < 1
    assert run.responses[0].error == "ended with exit code 2 before it was ready"
    assert run.responses[0].stdout.text == "cannot open config\n"
    assert len(run.responses) == 1


def test_an_application_that_never_listens_is_given_up_after_its_time(tmp_path):
    with running(tmp_path, "sleep", "60") as target:
        run = driven(target, timeout=0.5)
    assert run.responses[0].error == "nothing listens after 1 s" or run.responses[0].error.startswith(
        "nothing listens"
    )


def test_an_application_that_accepts_and_never_answers_is_given_up_after_its_time(tmp_path):
    source = "import socket, time\ns = socket.create_server(('127.0.0.1', 80))\ntime.sleep(60)"
    with python(tmp_path, source) as target:
        run = driven(target, timeout=2.0)
    assert run.responses[0].error == "port 80 takes connections and answers none"


def test_a_batch_job_answers_with_exit_code_output_and_files(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "input").write_text("in")
    script = f"sleep 0.2; echo done; echo result > {data}/out"
    with running(tmp_path, "sh", "-c", script, outputs={"/data": data}) as target:
        run = driven(target, host_exec=[f"cat {data}/out"])
    assert run.batch
    assert run.ready_seconds is None
    job, after = run.responses
    assert (job.kind, job.exit_code, job.stdout.text) == (Kind.BATCH, 0, "done\n")
    assert {path: content.text for path, content in job.files.items()} == {"/data/out": "result\n"}
    assert after.stdout.text == "result\n"


def test_a_batch_job_that_ends_in_an_instant_has_its_answer_and_an_empty_network(tmp_path):
    with running(tmp_path, "true") as target:
        target.process.wait()
        run = driven(target, host_exec=["ls /sys/class/net >/dev/null; ip -br link | grep -c ."])
    assert run.batch
    assert run.responses[-1].stdout.text == "1\n"


def test_a_worker_without_ports_is_exercised_by_commands_once_it_is_at_rest(tmp_path):
    with running(tmp_path, "sleep", "60") as target:
        run = driven(target, exec=["echo inside"])
    assert run.ready_seconds < 5
    assert run.responses[-1].stdout.text == "inside\n"


def test_an_application_that_dies_in_the_middle_fails_every_later_step(tmp_path):
    source = (WEB % ("127.0.0.1", 80)).replace(
        "    def do_GET(self):\n",
        '    def do_GET(self):\n        if self.path == "/die": import os; os._exit(9)\n',
    )
    with python(tmp_path, source) as target:
        run = driven(target, crawl=False, http=["/die", "/next"], exec=["true"])
    answers = by_step(run)
    assert answers["http GET /die"].error == "closed without an answer" or answers["http GET /die"].failed
    assert answers["http GET /next"].error == "the application had ended with exit code 9"
    assert answers["exec 1: true"].failed
    assert answers["end"].failed


def test_an_interrupted_drive_leaves_no_thread_and_no_command(tmp_path):
    marker = f"sleep 31{time.time_ns() % 1000:03d}"
    with python(tmp_path, WEB % ("127.0.0.1", 80)) as target:
        before = threading.active_count()
        threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            driven(target, host_exec=[marker])
        assert time.monotonic() - started < 5
        assert threading.active_count() == before
        assert subprocess.run(["pgrep", "-fx", marker], capture_output=True, check=False).returncode == 1


def test_two_runs_of_the_same_application_are_fit_for_comparison(tmp_path):
    workload = parse_workload(host_exec=["echo $JETTISON_PORT"])
    runs = []
    for _ in range(2):
        with python(tmp_path, WEB % ("127.0.0.1", 80)) as target:
            runs.append(drive(workload if not runs else workload.replaying(runs[0]), target, lambda *_: None))
    require_started(runs[0])
    require_working(*runs)
    assert [(r.step, r.status, r.body) for r in runs[0].responses] == [
        (r.step, r.status, r.body) for r in runs[1].responses
    ]


def test_an_openapi_document_of_the_application_is_played(tmp_path):
    document = json.dumps({"openapi": "3.0.0", "paths": {"/next": {"get": {}}}})
    served = f'    PAGES = {{"/api.json": ("application/json", {document!r}), '
    source = (WEB % ("127.0.0.1", 80)).replace("    PAGES = {", served)
    with python(tmp_path, source) as target:
        run = driven(target, crawl=False, openapi="/api.json")
    assert by_step(run)["openapi GET /next"].status == 200


def test_the_texts_of_one_run_are_kept_up_to_a_bound_and_the_rest_by_digest(tmp_path):
    big = 'PAGES = {"/big": ("text/plain", "x" * 500_000), '
    source = WEB.replace("PAGES = {", big) % ("127.0.0.1", 80)
    with python(tmp_path, source) as target:
        run = driven(target, http=["/big"] * 40)
    bodies = [response.body for response in run.responses if response.body is not None]
    assert sum(len(body.text) for body in bodies if body.text is not None) <= RUN_TEXT_BYTES
    assert {body.size for body in bodies if body.text is None} == {500_000}
    assert "http GET /big (40)" in run.steps
