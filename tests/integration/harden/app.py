"""A small service that behaves, or misbehaves in the ways its arguments name."""

import http.server
import json
import os
import signal
import sys
import threading
import time

WAYS = set(sys.argv[1:])
if "secret" in WAYS:
    open("/etc/shadow").close()
if "late" in WAYS:
    time.sleep(1.0)  # before the handler of the stop signal is there


def say(**fields):
    line = json.dumps(fields) if "json" in WAYS else " ".join(map(str, fields.values()))
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        host = self.headers.get("Host", "").partition(":")[0]
        if "hosts" in WAYS and host not in ("localhost", "127.0.0.1"):
            self.answer(400, "text/plain", "who is that?")
        elif "catchall" in WAYS:
            self.answer(200, "text/html", "<html>everything is up and running</html>")
        else:
            self.route()

    def route(self):
        match self.path:
            case "/":
                self.answer(200, "text/html", '<a href="/slow">slow</a>')
            case "/slow":
                time.sleep(0.2)
                self.answer(200, "text/plain", "done")
            case "/healthz" if "health" in WAYS:
                self.answer(200, "application/json", '{"status": "ok", "database": "connected"}')
            case "/livez" if "health" in WAYS:
                self.answer(200, "text/plain", "ok")
            case "/metrics" if "metrics" in WAYS:
                self.answer(200, "text/plain; version=0.0.4", "# TYPE up gauge\nup 1\n")
            case _:
                self.answer(404, "text/plain", "no")

    def answer(self, status, kind, text):
        say(level="info", message=f"{self.command} {self.path}", status=status)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False  # so that closing it waits for requests that are under way
    request_queue_size = 64


server = Server(("127.0.0.1" if "loopback" in WAYS else "", 8080), Handler)


def reap(*_):
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        pass


if "reaps" in WAYS:
    signal.signal(signal.SIGCHLD, reap)
if "stubborn" in WAYS:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
elif "drops" in WAYS:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
else:
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
if "logfile" in WAYS:
    with open("/var/log/app.log", "w") as log:
        log.write("started\n")
say(level="info", message="listening")
server.serve_forever(poll_interval=0.02)
server.server_close()
