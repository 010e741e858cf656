"""Pictures of pages with headless Chromium, after clicking what has to be clicked.

Belongs here: the few lines of the DevTools protocol that this takes.
"""

import base64
import itertools
import json
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests
from websockets.sync.client import ClientConnection, connect

_PORT = 9333
_CLICK = """
(() => {
  const found = [...document.querySelectorAll('button, a, [role=tab]')]
    .find(element => element.textContent.trim() === %s);
  if (found) found.click();
  return Boolean(found);
})()
"""


# The page's clock: the daemon's may have been moved, and "5 months ago" would be wrong beside it.
_SHIFT = """
(() => {
  const Real = Date, shift = %d;
  window.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + shift); }
    static now() { return Real.now() + shift; }
  };
})()
"""


def _said(page: ClientConnection, numbers: itertools.count, method: str, **parameters: Any) -> dict[str, Any]:
    number = next(numbers)
    page.send(json.dumps({"id": number, "method": method, "params": parameters}))
    while True:
        answer = json.loads(page.recv(timeout=120))
        if answer.get("id") == number:
            return answer.get("result", {})


def _address(seconds: float = 60) -> str:
    """Where the first page of the browser listens, as soon as it does."""
    limit = time.monotonic() + seconds
    while True:
        try:
            pages = requests.get(f"http://127.0.0.1:{_PORT}/json", timeout=10).json()
            return next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
        except (requests.ConnectionError, StopIteration):
            if time.monotonic() > limit:
                raise
            time.sleep(0.5)


def take(
    target: Path,
    address: str,
    width: int,
    height: int,
    clicks: Sequence[str] = (),
    *,
    wait_seconds: float = 20,
    clock_seconds: int = 0,
) -> None:
    """Open a page, click what bears these texts, one after the other, and keep what is seen as PNG.

    clock_seconds: to add to the browser's clock.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = subprocess.Popen(
            [
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                f"--user-data-dir={profile}",
                f"--remote-debugging-port={_PORT}",
                f"--window-size={width},{height}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            numbers = itertools.count(1)
            with connect(_address(), max_size=None) as page:
                _said(page, numbers, "Page.enable")
                script = _SHIFT % (1000 * clock_seconds)
                _said(page, numbers, "Page.addScriptToEvaluateOnNewDocument", source=script)
                _said(page, numbers, "Page.navigate", url=address)
                time.sleep(wait_seconds)
                for text in clicks:
                    _said(page, numbers, "Runtime.evaluate", expression=_CLICK % json.dumps(text))
                    time.sleep(wait_seconds / 2)
                picture = _said(page, numbers, "Page.captureScreenshot", format="png")
            target.write_bytes(base64.b64decode(picture["data"]))
        finally:
            browser.terminate()
            browser.wait(timeout=30)
