"""A real browser for the tests of the pages: Debian's chromium, driven by playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, DESK = 390, 1280


def chromium() -> str:
    """Where the browser is; empty when there is none."""
    named = os.environ.get("CONFORMANCE_CHROMIUM", "")
    return named or shutil.which("chromium") or shutil.which("chromium-browser") or ""


@contextmanager
def browser() -> Iterator[Any]:
    """A browser; the test is skipped, with the reason, where there is none."""
    if not chromium():
        pytest.skip("chromium is not installed: apt-get install -y chromium")
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with driver.sync_playwright() as play:
        found = play.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        try:
            yield found
        finally:
            found.close()


class Seen:
    """A page in a window of its own, and everything that it asked for or complained about."""

    def __init__(
        self, found: Any, path: Path, *, width: int = DESK, dark: bool = False, script: bool = True
    ) -> None:
        self.context = found.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
        )
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.page.on("request", lambda asked: self.requests.append(asked.url))
        self.url = path.resolve().as_uri()
        self.page.goto(self.url)

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def __enter__(self) -> Seen:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def go(self, anchor: str) -> Any:
        """Follow an anchor; the place where it leads."""
        self.page.evaluate("name => { location.hash = name }", anchor)
        self.page.wait_for_function("name => location.hash === '#' + name", arg=anchor)
        return self.page.locator(f'[id="{anchor}"]')

    def open_all(self) -> None:
        """Everything that is folded, unfolded."""
        self.page.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")

    @property
    def wide(self) -> int:
        """How far the page reaches to the right."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))

    def accessibility(self) -> list[str]:
        """What axe-core finds, a line a rule."""
        axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core")
        # without preload: it would fetch the style sheet again, which the page forbids
        found = axe.Axe().run(self.page, options={"preload": False}).response["violations"]
        return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]
