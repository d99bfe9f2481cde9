"""The page that shows the description, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from services.api_description.document import asyncapi, openapi
from tests.browser import FLAGS, chromium
from tests.processes import Windsock


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Windsock(tmp_path_factory.mktemp("docs")) as windsock:
        yield windsock.url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test for anything that the browser complains about, or asks of another host."""
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.on("request", lambda request: None if "127.0.0.1" in request.url else complaints.append(request.url))
    yield page
    page.close()
    assert complaints == []


def test_the_documents_are_served_as_they_are(url: str) -> None:
    with httpx.Client(base_url=url, trust_env=False) as http:
        assert http.get("/openapi.json").json() == openapi()
        assert http.get("/asyncapi.json").json() == asyncapi()
        answer = http.get("/docs/")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert http.get("/docs").headers["location"].endswith("/docs/")


def test_every_operation_and_socket_is_shown(url: str, page: Page) -> None:
    page.goto(f"{url}/docs/")
    expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")
    operations = sum(len(methods) for methods in openapi()["paths"].values())
    expect(page.locator("details")).to_have_count(operations + len(asyncapi()["channels"]))
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    for words in ("undefined", "[object", "NaN", "`"):
        expect(page.locator("body")).not_to_contain_text(words)


def test_the_keyboard_finds_and_opens_an_operation(url: str, page: Page) -> None:
    page.goto(f"{url}/docs/")
    page.get_by_label("Find").fill("post /v1/readings")
    expect(page.locator("#found")).to_contain_text("1 of")
    shown = page.locator("details:visible")
    expect(shown).to_have_count(1)
    page.locator("details:visible summary").focus()
    page.keyboard.press("Enter")
    expect(shown).to_have_attribute("open", "")
    expect(shown).to_contain_text("greenhouse-7")


def test_an_address_may_name_an_operation(url: str, page: Page) -> None:
    page.goto(f"{url}/docs/#readHistory")
    expect(page.locator("details#readHistory")).to_have_attribute("open", "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_light_or_dark_as_its_reader_likes(url: str, page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the literals
    page.goto(f"{url}/docs/")
    method = page.locator("details .method.GET").first
    expect(method).to_have_css("color", "rgb(121, 192, 255)" if scheme == "dark" else "rgb(5, 80, 174)")
