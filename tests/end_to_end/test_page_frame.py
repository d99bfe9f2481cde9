"""The page's frame in a real browser: navigation, settings, what is told when a view fails, the policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import screenshot, until, watched
from tests.page_feeds import post
from tests.processes import Windsock

VIEWS = ["Devices", "Metrics", "Weather", "Board", "Alerts"]
GERMAN = ["Geräte", "Messgrößen", "Wetter", "Tafel", "Alarme"]
STATE = "#state"


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    with Windsock(tmp_path_factory.mktemp("frame")) as windsock:
        post(windsock, {"device": "greenhouse-7", "values": {"temperature": 21.4}})
        yield windsock


def live(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator(STATE)).to_have_attribute("data-state", "live")


def fits(page: Page) -> None:
    """Nothing has to be scrolled sideways."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def test_every_view_is_reached_and_has_title_heading_and_focus(windsock: Windsock, page: Page) -> None:
    live(page, windsock.url)
    links = page.get_by_role("navigation").get_by_role("link")
    expect(links).to_have_text(VIEWS)
    expect(page).to_have_title("Devices · Windsock")
    assert page.evaluate("document.activeElement === document.body")  # not taken from who has just come
    for name in [*VIEWS[1:], VIEWS[0]]:
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        expect(page).to_have_title(re.compile(rf"^(\(\d+\) )?{name} · Windsock$"))
        expect(page.locator("nav [aria-current=page]")).to_have_text([name])
        until(page, "/^H[12]$/.test(document.activeElement.tagName) || document.activeElement.matches('main')")
    page.goto(f"{windsock.url}/#/device/greenhouse-7")
    expect(page.locator("nav [aria-current]")).to_have_text(["Devices"])
    expect(page.locator("main h2").first).to_be_visible()
    page.go_back()
    expect(page).to_have_title("Devices · Windsock")
    page.keyboard.press("Home")
    page.evaluate("document.activeElement.blur()")
    page.locator(".skip").focus()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    assert page.url.endswith("/#/") or "#" not in page.url
    page.goto(f"{windsock.url}/#token=old")  # no token is needed here: there is a way on
    page.get_by_role("button", name="Go on without a token").click()
    expect(page.locator("#state")).to_have_text("live")


@pytest.mark.parametrize("locale", ["en-GB", "de-AT"])
def test_on_a_phone_all_is_in_reach(windsock: Windsock, browser: Browser, locale: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 640}, locale=locale, has_touch=True)
    live(page, windsock.url)
    for name in VIEWS if locale == "en-GB" else GERMAN:
        link = page.get_by_role("navigation").get_by_role("link", name=name)
        expect(link).to_be_in_viewport(ratio=1)
        link.tap()
        expect(page).to_have_title(re.compile(name))
        fits(page)
    gear = page.locator("[popovertarget=settings]")
    expect(gear).to_be_in_viewport(ratio=1)
    gear.tap()
    for choice in page.locator("#settings label").all():
        expect(choice).to_be_in_viewport(ratio=1)
    fits(page)
    screenshot(page, f"frame-phone-{locale}")
    page.close()


def test_language_and_theme_are_chosen_and_kept(windsock: Windsock, browser: Browser) -> None:
    context = browser.new_context(locale="de-AT", color_scheme="light")
    page = context.new_page()
    mistakes = watched(page)
    live(page, windsock.url)
    root, links = page.locator("html"), page.get_by_role("navigation").get_by_role("link")
    expect(root).to_have_attribute("lang", "de")
    expect(links).to_have_text(GERMAN)
    page.get_by_role("button", name="Einstellungen").click()
    page.get_by_label("English").check()
    expect(root).to_have_attribute("lang", "en")
    expect(links).to_have_text(VIEWS)
    expect(page).to_have_title("Devices · Windsock")
    expect(page.get_by_label("English")).to_be_focused()
    colour = page.locator('meta[name="theme-color"]').get_attribute("content")
    page.get_by_label("Dark").check()
    expect(root).to_have_attribute("data-theme", "dark")
    expect(page.locator('meta[name="theme-color"]')).not_to_have_attribute("content", colour or "")
    # Before a module has run, the theme is the chosen one already.
    page.route("**/static/page.js", lambda route: route.abort())
    page.reload(wait_until="domcontentloaded")
    expect(root).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    expect(page.get_by_role("alert")).to_contain_text("This page could not be loaded")
    page.unroute("**/static/page.js")
    page.get_by_role("button", name="Reload").click()
    expect(page.locator(STATE)).to_have_attribute("data-state", "live")
    expect(page.locator("#unloaded")).to_have_count(0)
    expect(root).to_have_attribute("lang", "en")
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("System").check()
    assert page.evaluate("document.documentElement.dataset.theme") is None
    page.emulate_media(color_scheme="dark")
    expect(page.locator('meta[name="theme-color"]')).not_to_have_attribute("content", colour or "")
    page.get_by_label("Browser").check()
    expect(root).to_have_attribute("lang", "de")
    assert mistakes == []
    context.close()


def test_a_view_that_cannot_be_loaded_is_told_and_tried_again(windsock: Windsock, page: Page) -> None:
    live(page, windsock.url)
    page.route("**/views/alerts/view.js", lambda route: route.abort())
    page.get_by_role("navigation").get_by_role("link", name="Alerts").click()
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("This view cannot be shown")
    expect(problem).to_contain_text("could not be fetched")
    expect(page).to_have_title("This view cannot be shown · Windsock")
    page.evaluate("window.before = true")
    page.unroute("**/views/alerts/view.js")
    problem.get_by_role("button", name="Try again").click()
    expect(page).to_have_title("Alerts · Windsock")
    expect(problem).to_have_count(0)
    assert page.evaluate("window.before") is None, "modules of two versions could meet"


def test_a_view_that_an_outage_kept_away_comes_with_a_page_of_its_version(tmp_path: Path, browser: Browser) -> None:
    page = browser.new_page(locale="en-GB")
    with Windsock(tmp_path) as windsock:
        live(page, windsock.url)
        page.evaluate("window.before = true")
        windsock.stop()
        expect(page.locator(STATE)).not_to_have_attribute("data-state", "live")
        page.get_by_role("navigation").get_by_role("link", name="Alerts").click()
        problem = page.get_by_role("alert")
        expect(problem).to_contain_text("could not be fetched")
        problem.get_by_role("button", name="Try again").click()
        expect(problem).to_contain_text("could not be fetched")
        assert page.evaluate("window.before"), "without a server there is no other page"
        windsock.start()
        expect(page).to_have_title("Alerts · Windsock")
        assert page.evaluate("window.before") is None
    page.close()


def test_a_page_that_misses_one_of_its_modules_says_so(windsock: Windsock, page: Page) -> None:
    page.goto(windsock.url)
    module = page.locator("link[rel=modulepreload]").last.get_attribute("href")
    page.route(f"**{module}", lambda route: route.fulfill(status=404))
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("This page could not be loaded")


BROKEN = """export class {name}View {{
  title = "Broken";
  open(place) {{ {open} }}
  changed() {{ throw new Error("changed in vain"); }}
  close() {{ throw new Error("closed in vain"); }}
}}"""


def test_a_view_that_fails_is_told_and_others_go_on(windsock: Windsock, browser: Browser) -> None:
    page = browser.new_page(locale="en-GB")

    def broken(name: str, opening: str) -> None:
        def answer(route: Route) -> None:
            route.fulfill(content_type="text/javascript", body=BROKEN.format(name=name, open=opening))

        page.route(f"**/views/{name.lower()}/view.js", answer)

    broken("Board", 'throw new Error("opened in vain");')
    broken("Alerts", 'place.append("here"); setTimeout(() => { throw new Error("later in vain"); });')
    live(page, windsock.url)
    page.get_by_role("navigation").get_by_role("link", name="Board").click()
    expect(page.get_by_role("alert")).to_contain_text("opened in vain")
    expect(page.get_by_role("alert").get_by_role("button", name="Try again")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Alerts").click()
    expect(page.locator("main")).to_have_text("here")
    expect(page.locator("#banner")).to_contain_text("later in vain")
    expect(page.locator("#banner").get_by_role("button", name="Try again")).to_be_visible()
    page.evaluate("location.hash = '#/alerts?x=1'")
    expect(page.get_by_role("alert")).to_contain_text("changed in vain")
    page.get_by_role("navigation").get_by_role("link", name="Devices").click()
    expect(page).to_have_title("Devices · Windsock")
    expect(page.locator("#banner")).to_be_empty()
    page.close()


def test_the_tab_tells_of_alerts_and_of_the_connection(windsock: Windsock, page: Page) -> None:
    live(page, windsock.url)
    icon = page.locator("link[rel=icon]")
    lively = icon.get_attribute("href")
    page.evaluate(
        """async () => {
            const { Attention } = await import("/static/parts/attention.js");
            window.attention = new Attention();
            attention.titled("Devices");
            attention.connected(true);
            attention.set(2);
        }"""
    )
    expect(page).to_have_title("(2) Devices · Windsock")
    assert icon.get_attribute("href") != lively
    page.evaluate("attention.set(0)")
    assert icon.get_attribute("href") == lively
    page.context.set_offline(True)
    expect(icon).not_to_have_attribute("href", lively or "")


def test_the_page_is_answered_with_a_policy_and_cheaply_when_it_is_the_same(windsock: Windsock) -> None:
    answer = httpx.get(windsock.url, trust_env=False)
    headers = answer.headers
    assert headers["content-type"].startswith("text/html")
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    assert (policy["base-uri"], policy["frame-ancestors"]) == ("'none'", "'self'")
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert headers["cache-control"] == "no-cache"
    again = httpx.get(windsock.url, headers={"If-None-Match": headers["etag"]}, trust_env=False)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", headers["etag"])
    other = httpx.get(windsock.url, headers={"If-None-Match": '"another"'}, trust_env=False)
    assert other.status_code == 200
    docs = httpx.get(f"{windsock.url}/docs/", trust_env=False).headers["content-security-policy"]
    assert docs != headers["content-security-policy"]
    for path in ("index.html", "./index.html", "/index.html", "live/%2e%2e/index.html"):
        assert httpx.get(f"{windsock.url}/static/{path}", trust_env=False).status_code == 404, "it would have no policy"


def test_all_modules_of_the_first_view_are_asked_for_at_once(windsock: Windsock, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(windsock.url)))
    page.on("console", lambda message: asked.append(message.text))
    live(page, windsock.url)
    links = page.evaluate(
        "[...document.querySelectorAll('link[rel=modulepreload]')].map((link) => new URL(link.href).pathname)"
    )
    modules = [path for path in asked if path.endswith(".js") and path != "/static/parts/theme_first.js"]
    assert set(modules) == {*links, "/static/page.js"}
    assert len(modules) == len(set(modules))


def test_who_has_no_script_is_told_so(windsock: Windsock, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(windsock.url)
    expect(page.get_by_role("heading", name="Windsock needs JavaScript")).to_be_visible()
    context.close()


def test_a_page_that_may_not_connect_says_so(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path, origins="https://elsewhere.example") as windsock:
        page.goto(windsock.url)
        expect(page.locator(STATE)).to_have_text("not allowed")
        expect(page.locator("#banner")).to_contain_text("WINDSOCK_ORIGINS")
