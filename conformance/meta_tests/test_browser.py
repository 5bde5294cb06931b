"""The pages in a real browser; skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.meta_tests.browser import DESK, PHONE, Seen, browser
from conformance.meta_tests.test_reporting_samples import broken
from conformance.meta_tests.test_reporting_site import CATALOGUE, CREDENTIALS, _columns
from conformance.reporting import html, site

FRESH = {"catalogue": CATALOGUE, "credentials": CREDENTIALS}
PAGES = (
    "index.html",
    "requirements/index.html",
    "requirements/chat.html",
    "requirements/chat/chat.stream.terminator.html",
    "credentials.html",
)


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a target that puts markup into every string."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html.render(broken()), "utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of three runs, one of them of the same target."""
    path = tmp_path_factory.mktemp("site")
    site.publish(site.render(_columns(), **FRESH), path)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(("width", "dark"), [(PHONE, False), (DESK, True)])
def test_the_report_is_accessible_and_fits(
    chrome: Any, report: Path, width: int, dark: bool
) -> None:
    with Seen(chrome, report, width=width, dark=dark) as seen:
        if not dark:  # once with all of it open is enough: axe takes its time
            assert seen.accessibility() == []
        seen.open_all()
        if dark:
            assert seen.accessibility() == []
        assert seen.wide <= width
        assert seen.complaints == []
        assert seen.requests == [seen.url]


def test_markup_of_the_target_stays_inert(chrome: Any, report: Path) -> None:
    with Seen(chrome, report) as seen:
        seen.open_all()
        seen.page.wait_for_timeout(100)
        count = "name => document.querySelectorAll(name).length"
        assert seen.page.evaluate(count, "script") == 1
        assert seen.page.evaluate(count, "img, iframe, object, embed, base, form[action]") == 0
        assert seen.page.get_by_text("<script>alert(1)</script>").count() > 3
        assert seen.complaints == []
        assert seen.requests == [seen.url]


def test_filters_and_search(chrome: Any, report: Path) -> None:
    with Seen(chrome, report) as seen:
        page, said = seen.page, seen.page.locator("#shown")
        every = len({result.requirement for result in broken().run.results})
        assert said.inner_text() == f"{every} of {every} requirements shown"
        page.select_option("select[name=outcome]", "failed")
        assert said.inner_text() == f"3 of {every} requirements shown"
        assert page.locator('[id="chat.stream.terminator"]').is_visible()
        assert not page.locator('[id="chat.long"]').is_visible()
        page.select_option("select[name=driver]", "python-sdk")
        assert said.inner_text() == f"1 of {every} requirements shown"
        page.select_option("select[name=outcome]", "")
        page.select_option("select[name=driver]", "")
        page.select_option("select[name=level]", "MAY")
        assert said.inner_text() == f"1 of {every} requirements shown"
        page.select_option("select[name=level]", "")
        page.select_option("select[name=area]", "models")
        assert page.locator('[id="models.list"]').is_visible()  # its group was opened
        page.select_option("select[name=area]", "")
        page.fill("input[type=search]", "MODELS list")
        assert said.inner_text() == f"1 of {every} requirements shown"
        page.fill("input[type=search]", "<script>")
        assert page.locator('[id="errors.hostile"]').is_visible()
        page.keyboard.press("Enter")
        assert page.url == seen.url


def test_anchors_lead_to_their_requirement(chrome: Any, report: Path) -> None:
    with Seen(chrome, report, width=PHONE) as seen:
        for name in ("chat.stream.terminator", "models.list", "files.none", "exchange-x3", "gaps"):
            place = seen.go(name)
            assert place.is_visible(), name
            box = place.bounding_box()
            assert box is not None
            assert box["y"] < 900, name
        seen.page.fill("input[type=search]", "nothing has these words")
        seen.go("chat.long")
        assert seen.page.locator('[id="chat.long"]').is_visible()  # the filters were cleared


def test_without_javascript_everything_is_there(chrome: Any, report: Path) -> None:
    with Seen(chrome, report, script=False) as seen:
        assert not seen.page.locator("#filters").is_visible()
        assert seen.page.locator('[id="chat.stream.terminator"]').is_visible()
        for result in broken().run.results:
            assert seen.page.locator(f'[id="{result.requirement}"]').count() == 1
        seen.page.locator("details.group summary").first.click()
        assert seen.page.locator("details.group").first.get_attribute("open") is not None


@pytest.mark.parametrize("name", PAGES)
def test_the_site_is_accessible_and_asks_nobody(chrome: Any, folder: Path, name: str) -> None:
    wide = name.startswith("credentials")
    with Seen(chrome, folder / name, width=DESK if wide else PHONE, dark=wide) as seen:
        seen.open_all()
        assert seen.accessibility() == []
        assert seen.wide <= (DESK if wide else PHONE)
        assert seen.complaints == []
        own = folder.resolve().as_uri()
        assert [url for url in seen.requests if not url.startswith(own)] == []


def test_a_published_run_is_searched(chrome: Any, folder: Path) -> None:
    path = next(folder.glob("targets/evil*/*/*/index.html"))
    with Seen(chrome, path) as seen:
        seen.page.fill("input[type=search]", "models.list")
        assert seen.page.locator("#shown").inner_text().startswith("1 of ")
        assert seen.page.locator('[id="models.list"]').is_visible()
        assert seen.complaints == []


def test_the_way_from_the_matrix_to_the_bytes(chrome: Any, folder: Path) -> None:
    with Seen(chrome, folder / "index.html") as seen:
        seen.page.get_by_role("link", name="chat.stream.terminator").first.click()
        seen.page.wait_for_url("**/requirements/chat/chat.stream.terminator.html")
        rule = seen.page.locator('[id="chat.stream.terminator"]')
        rule.locator("dd", has_text="failed").get_by_role("link").first.click()
        seen.page.wait_for_url("**/targets/**/index.html#chat.stream.terminator")
        assert seen.page.locator('[id="chat.stream.terminator"]').is_visible()
        seen.page.get_by_role("link", name="OpenAI conformance matrix").click()
        seen.page.wait_for_url("**/index.html")
        assert seen.complaints == []
