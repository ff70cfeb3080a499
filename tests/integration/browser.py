"""A real Chromium, driven through the pipe of its DevTools protocol (`--remote-debugging-pipe`)."""

import base64
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE_S = 60


class Page:
    """One page: what it logs, what its script says, how it looks."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._pending = b""
        self._count = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []

    def attach(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride", width=1440, height=1200, deviceScaleFactor=1, mobile=False
        )

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._pending:
            chunk = os.read(self._read, 1 << 16)
            assert chunk, "the browser is gone"
            self._pending += chunk
        message, _, self._pending = self._pending.partition(b"\0")
        return json.loads(message)

    def open(self, path: Path) -> None:
        """Load a file, and wait until its script has shown something."""
        self.call("Page.navigate", url=path.resolve().as_uri())
        deadline = time.monotonic() + PATIENCE_S
        while not self.run("document.readyState === 'complete' && !!document.querySelector('#tabs button')"):
            assert time.monotonic() < deadline, self.complaints()
            time.sleep(0.05)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """A key, wherever the focus is."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def complaints(self) -> list[dict[str, Any]]:
        """Uncaught errors, warnings of the console, what the page's policy refused."""
        bad = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        return [event for event in self.events if event.get("method") in bad]

    def requests(self) -> list[str]:
        """Addresses that were asked for; data in the page itself aside."""
        sent = (
            e["params"]["request"]["url"]
            for e in self.events
            if e.get("method") == "Network.requestWillBeSent"
        )
        return [url for url in sent if not url.startswith("data:")]

    def first_paint_ms(self) -> float:
        return self.run("performance.getEntriesByName('first-contentful-paint')[0].startTime")

    def dark(self, on: bool) -> None:
        value = "dark" if on else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": value}])

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextmanager
def browser() -> Iterator[Page]:
    """A page of a browser of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        (their_read, write), (read, their_write) = os.pipe(), os.pipe()
        # The protocol is spoken at descriptors 3 and 4.
        script = f'exec 3<&{their_read} 4>&{their_write}; exec "$@"'
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-breakpad"]
        options += [f"--user-data-dir={home}/profile", "--remote-debugging-pipe"]
        process = subprocess.Popen(
            ["bash", "-c", script, "bash", "chromium", *options],
            env={**os.environ, "TMPDIR": home},
            pass_fds=(their_read, their_write),
            stderr=subprocess.DEVNULL,
        )
        os.close(their_read)
        os.close(their_write)
        try:
            page = Page(read, write)
            page.attach()
            yield page
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
            os.close(read)
            os.close(write)
