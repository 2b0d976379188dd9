"""Debian's Chromium without a window, told what to do by its DevTools protocol."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
SECONDS = 60
# Chromium refuses to shut root in its sandbox. Nothing but our own page is opened.
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
    *("--remote-debugging-port=0", "about:blank"),
)
# Resolves with the first element that matches, as soon as there is one.
WAIT = """
new Promise((found) => {
    const look = () => {
        const element = [...document.querySelectorAll(%(selector)s)].find(
            (one) => one.textContent.includes(%(text)s));
        if (element) { watcher.disconnect(); found(element); }
        return element;
    };
    const watcher = new MutationObserver(look);
    watcher.observe(
        document, {subtree: true, childList: true, attributes: true, characterData: true});
    look();
})
"""


class Page:
    """A new page of a browser, with everything that it asked for and complained about."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self.requests: list[str] = []
        self.complaints: list[str] = []
        # A context has storage of its own.
        context = self._tell("Target.createBrowserContext")["browserContextId"]
        target = self._tell("Target.createTarget", url="about:blank", browserContextId=context)[
            "targetId"
        ]
        self._session = self._tell("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._tell(f"{domain}.enable")

    def authorize(self, token: str) -> None:
        """Send a token with every request, as an application does that shows a page of the API."""
        self._tell("Network.setExtraHTTPHeaders", headers={"Authorization": f"Bearer {token}"})

    def prefer(self, **features: str) -> None:
        """Prefer something, as people do in their settings: color_scheme="dark"."""
        wanted = [
            {"name": f"prefers-{name.replace('_', '-')}", "value": value}
            for name, value in features.items()
        ]
        self._tell("Emulation.setEmulatedMedia", features=wanted)

    def open(self, url: str) -> None:
        """Go to an address."""
        self._tell("Page.navigate", url=url)

    def text(self, selector: str, text: str = "") -> str:
        """Wait for an element that contains a text, and return all of its text."""
        return str(self._of(selector, text, ".then((element) => element.textContent)"))

    def click(self, selector: str, text: str = "") -> None:
        """Wait for an element and click on it."""
        self._of(selector, text, ".then((element) => element.click())")

    def type(self, selector: str, text: str) -> None:
        """Wait for a field and type into it."""
        self._of(selector, "", ".then((element) => element.focus())")
        self._tell("Input.insertText", text=text)

    def run(self, script: str) -> Any:
        """Return the value of an expression, waiting for a promise."""
        answer = self._tell(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def _of(self, selector: str, text: str, then: str) -> Any:
        given = {"selector": json.dumps(selector), "text": json.dumps(text)}
        return self.run(WAIT.strip() % given + then)

    def _tell(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._connection.send(json.dumps(message))
        while True:
            heard = json.loads(self._connection.recv(SECONDS))
            if heard.get("id") == number:
                assert "error" not in heard, heard
                return heard["result"]
            if heard.get("sessionId") == self._session:
                self._note(heard.get("method"), heard.get("params"))

    def _note(self, event: str | None, params: Any) -> None:
        match event:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(params["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.complaints.append(str(params["exceptionDetails"]))


@contextmanager
def run_browser(program: str, home: Path) -> Iterator[ClientConnection]:
    """Start a browser with a profile of its own, and end it; yield the way to it."""
    with subprocess.Popen(
        [program, *OPTIONS[:-1], f"--user-data-dir={home}", OPTIONS[-1]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "TZ": "UTC"},
    ) as process:
        try:
            address = _address(process)
            with connect(address, max_size=None, proxy=None) as connection:
                yield connection
        finally:
            process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    """Wait until the browser tells where it listens."""
    said: list[str] = []
    for line in process.stderr or ():
        said.append(line)
        if found := re.search(r"ws://\S+", line):
            return found[0]
    raise AssertionError("".join(said))
