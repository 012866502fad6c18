"""A JupyterLab server and a headless Chromium that looks at it, for the tests; both end with the ``with``."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 120.0


def find_browser() -> str | None:
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


def waited(found: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """First true answer; an error that says what was waited for."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(0.3)
    raise AssertionError(f"{what}: not within {patience:g} s")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def jupyterlab(notebooks: Path, home: Path, repository: Path) -> Iterator[str]:
    """Address of a server on a folder of notebooks, with settings, kernels' files and history of its own."""
    port = free_port()
    folders = {
        name: str(home / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    environment = {**os.environ, **folders, "HOME": str(home), "PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"}
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=", f"--ServerApp.root_dir={notebooks}", "--LabApp.expose_app_in_browser=True",
        "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    log = (home / "jupyterlab.log").open("w", encoding="utf-8")
    server = subprocess.Popen(command, cwd=notebooks, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        waited(lambda: server.poll() is not None or answers(f"{address}/api"), "JupyterLab answers")
        assert server.poll() is None, (home / "jupyterlab.log").read_text(encoding="utf-8")[-2000:]
        yield address
    finally:
        server.terminate()
        server.wait(30)
        log.close()


class Page:
    """One page of the browser, spoken to through its debugging protocol."""

    def __init__(self, socket_address: str) -> None:
        import websocket

        self._socket = websocket.create_connection(socket_address, timeout=PATIENCE, suppress_origin=True)
        self._number = 0
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

    def call(self, method: str, **options: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": options}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return dict(answer["result"])

    def open(self, address: str) -> None:
        self.call("Page.navigate", url=address)

    def value(self, script: str) -> Any:
        """Value of an expression, awaited; None where it raises."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return None if "exceptionDetails" in found else found["result"].get("value")

    def close(self) -> None:
        self._socket.close()


@contextmanager
def browser_page(browser: str, home: Path, width: int = 1280) -> Iterator[Page]:
    """A page of a browser that reaches this machine and nothing else."""
    profile = home / "profile"
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--disable-dev-shm-usage", f"--window-size={width},6000", "--remote-debugging-port=0",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={profile}")  # fmt: skip
    started = subprocess.Popen([browser, *flags, "about:blank"], env={**os.environ, "HOME": str(home)},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    note = profile / "DevToolsActivePort"
    try:
        port = waited(lambda: note.is_file() and note.read_text(encoding="utf-8").split("\n")[0], "the browser answers")
        page = Page(waited(lambda: _page_socket(port), "the browser has a page"))
        yield page
        page.close()
    finally:
        started.terminate()
        started.wait(30)


def _page_socket(port: str) -> str | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=5) as answer:
            pages = [one for one in json.load(answer) if one["type"] == "page"]
    except (urllib.error.URLError, OSError):
        return None
    return str(pages[0]["webSocketDebuggerUrl"]) if pages else None
