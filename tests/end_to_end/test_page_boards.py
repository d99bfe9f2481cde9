"""Boards and the wall screen in a real browser, against the real system."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import SOON_MS, screenshot, until
from tests.processes import Windsock
from tests.stand_ins.open_meteo import OpenMeteo

TEMPERATURE = "value,device:greenhouse-7,temperature"
CHART = "chart,device:greenhouse-7,temperature"
HUMIDITY = "value,device:greenhouse-7,humidity"
# As in a browser that forbids site data: to ask for it throws.
NO_SESSION_STORAGE = """
Object.defineProperty(window, "sessionStorage", {get() { throw new DOMException("forbidden", "SecurityError"); }});
"""
STORAGE_FULL = """() => {
  Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
}"""
# Of which items of a wall the value is not seen whole, or is covered.
CUT = """() => [...document.querySelectorAll(".item")].filter((item) => {
  const root = item.children[1].shadowRoot;
  const lines = (name) => [...(root.querySelector(`[part=${name}]`)?.getClientRects() ?? [])];
  const [whole, value] = [item.getBoundingClientRect(), lines("value")[0]];
  const covers = (other) => other.width > 0 && other.top < value.bottom - 2 && other.bottom > value.top + 2
    && other.left < value.right - 1 && other.right > value.left + 1;
  const within = value.top >= whole.top && value.bottom <= whole.bottom && value.right <= whole.right;
  const others = ["label", "beside", "source", "note", "plot"];
  return value.height < 10 || !within || others.some((name) => lines(name).some(covers));
}).map((item) => item.innerText)"""
# Whether the first item names where its weather comes from.
CREDITED = """() => {
  const item = document.querySelector(".item");
  const source = item.children[1].shadowRoot.querySelector("[part=source]");
  const [whole, seen] = [item.getBoundingClientRect(), source.getBoundingClientRect()];
  return source.textContent !== "" && seen.width > 20 && seen.height > 5
    && seen.top >= whole.top && seen.bottom <= whole.bottom && seen.left >= whole.left && seen.right <= whole.right;
}"""


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    folder = tmp_path_factory.mktemp("boards")
    with OpenMeteo() as weather:
        settings = {"places": "Berlin=52.52,13.41", "open_meteo_url": weather.url, "geocoding_url": weather.url}
        with Windsock(folder, **settings) as running:
            now = int(time.time() * 1000)
            past = [{"ts": now - n * 10_000, "values": {"temperature": 20 + n % 5}} for n in range(60, 0, -1)]
            post(running, *past)
            post(running, {"values": {"temperature": 21.4, "humidity": 48}})
            yield running


def post(windsock: Windsock, *readings: dict[str, Any]) -> None:
    units = {"temperature": "Cel"}
    whole = [{"device": "greenhouse-7", "units": units} | reading for reading in readings]
    httpx.post(f"{windsock.url}/v1/readings", json=whole, trust_env=False).raise_for_status()


def board(windsock: Windsock, items: str, name: str = "House") -> str:
    return f"{windsock.url}/#/board/{name}?v=1&items={items}"


def items(page: Page) -> Locator:
    return page.locator(".board .item")


def labels(page: Page) -> list[str]:
    found: list[str] = items(page).evaluate_all("all => all.map((each) => each.children[1].getAttribute('label'))")
    return found


def own(page: Page, windsock: Windsock, *of: str) -> None:
    """Make a board of one's own of what a link has."""
    page.goto(board(windsock, ";".join(of)))
    page.get_by_role("button", name="Save as my own").click()
    expect(page.get_by_role("button", name="Save as my own")).to_have_count(0)


def drag(page: Page, what: str, to: str) -> None:
    """Drag the first item of one label to that of another, and let go of it there."""
    handle, target = (page.get_by_role("button", name=f"Move {label}").first for label in (what, to))
    handle.hover()
    near, far = handle.bounding_box(), target.bounding_box()
    assert near is not None
    assert far is not None
    page.mouse.down()
    page.mouse.move(far["x"] - 40, far["y"] + 40, steps=5)
    expect(page.locator(".dragged")).to_have_count(1)
    page.mouse.up()
    expect(page.locator(".dragged")).to_have_count(0)


def test_a_board_is_made_kept_and_shared(windsock: Windsock, page: Page, browser: Browser) -> None:
    page.goto(f"{windsock.url}/#/board")
    expect(page.get_by_text("You have no board yet.")).to_be_visible()
    page.get_by_role("button", name="Add").click()
    dialog = page.get_by_role("dialog", name="Add")
    dialog.get_by_label("Device or place").fill("nothing")
    expect(dialog.get_by_text("Nothing of that name.")).to_be_visible()
    dialog.get_by_label("Device or place").fill("green")
    dialog.get_by_role("button", name="greenhouse-7").click()
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    dialog.get_by_label("humidity").check()
    dialog.get_by_label("temperature").check()
    dialog.get_by_role("button", name="Add").click()
    expect(dialog).to_have_count(0)
    expect(items(page)).to_have_count(2)
    expect(items(page).nth(1)).to_contain_text("21.4 °C")
    page.get_by_role("button", name="Add", exact=True).click()
    dialog.get_by_role("button", name="greenhouse-7").click()
    dialog.get_by_label("temperature").check()
    dialog.get_by_label("Compare with the weather of").select_option("Berlin")
    screenshot(page, "board-add")
    dialog.get_by_role("button", name="Add").click()
    expect(items(page).nth(2)).to_contain_text("difference +18 °C")
    page.get_by_role("button", name="Add", exact=True).click()
    dialog.get_by_label("Show as").select_option("Chart")
    dialog.get_by_label("Window").select_option("6h")
    dialog.get_by_role("button", name="Berlin").click()
    dialog.get_by_role("checkbox", name=re.compile("^temperature")).check()
    dialog.get_by_role("button", name="Add").click()
    expect(items(page).nth(3)).to_contain_text("highest 3.4 °C")

    page.reload()
    expect(items(page)).to_have_count(4)
    expect(items(page).nth(3).locator("windsock-chart")).to_have_attribute("window", "6h")
    assert "items=value,device:greenhouse-7,humidity;value,device:greenhouse-7,temperature;value,compare:" in page.url

    friend = browser.new_context(locale="de-DE", color_scheme="dark")
    theirs = friend.new_page()
    theirs.goto(page.url)
    expect(items(theirs)).to_have_count(4, timeout=SOON_MS)
    expect(theirs.get_by_text("kam mit einem Link")).to_be_visible()
    expect(items(theirs).nth(1)).to_contain_text("21,4 °C")
    expect(theirs.get_by_role("button", name="verschieben")).to_have_count(0)
    theirs.get_by_role("button", name="Als eigene speichern").click()
    expect(theirs.get_by_role("button", name="verschieben")).to_have_count(4)
    theirs.goto(f"{windsock.url}/#/board")
    expect(items(theirs)).to_have_count(4)
    screenshot(theirs, "board-dark")
    friend.close()


def test_the_link_is_copied_and_what_came_before_is_shown_as_it_is_now(windsock: Windsock, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    own(page, windsock, TEMPERATURE, CHART)
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#notice")).to_contain_text("The link is copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == board(windsock, f"{TEMPERATURE};{CHART}")
    page.get_by_role("link", name="Alerts").click()
    page.evaluate(
        """items => {
        localStorage.setItem("windsock.boards", JSON.stringify([{name: "House", items}]));
        dispatchEvent(new StorageEvent("storage", {key: "windsock.boards"}));
    }""",
        [{"kind": "value", "topic": "device:greenhouse-7", "metric": "humidity"}],
    )
    page.go_back()
    expect(items(page)).to_have_count(1)
    expect(items(page)).to_contain_text("humidity")
    expect(page.get_by_role("button", name="Save as my own")).to_have_count(0)
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_text("another state of “House”")).to_be_visible()
    page.get_by_role("button", name="Show mine").click()
    expect(items(page)).to_have_count(1)


def test_items_are_moved_sized_changed_and_removed(windsock: Windsock, page: Page) -> None:
    own(page, windsock, TEMPERATURE, HUMIDITY, "value,weather:berlin,temperature", CHART)
    temperature, humidity, berlin, chart = start = labels(page)
    expect(items(page).nth(3)).to_contain_text("lowest 20 °C")
    page.evaluate("window.chart = document.querySelector('.item windsock-chart').plot.chart")
    handle = page.get_by_role("button", name=f"Move {temperature}").first
    handle.focus()
    page.keyboard.press("ArrowRight")
    assert labels(page) == [humidity, temperature, berlin, chart]
    expect(page.locator(".grid-frame > [role=status]")).to_have_text(f"{temperature}: 2 of 4")
    expect(handle).to_be_focused()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(items(page).nth(1)).to_have_attribute("data-columns", "2")
    expect(items(page).nth(1)).to_have_attribute("data-rows", "2")
    page.keyboard.press("End")
    assert labels(page) == [humidity, berlin, chart, temperature]
    assert page.evaluate("document.querySelector('.item windsock-chart').plot.chart === window.chart")
    assert ";value,device:greenhouse-7,temperature,,,2x2" in page.url

    drag(page, humidity, berlin)
    assert labels(page)[:2] == [berlin, humidity]
    page.evaluate("delete Element.prototype.moveBefore")  # not every browser has it
    page.evaluate("window.chart = document.querySelector('.item windsock-chart').plot.chart")
    drag(page, humidity, berlin)
    assert labels(page)[:2] == [humidity, berlin]
    drag(page, humidity, berlin)
    page.get_by_role("button", name=f"Move {temperature}").last.focus()
    page.keyboard.press("ArrowLeft")
    assert labels(page) == [berlin, humidity, temperature, chart]
    page.keyboard.press("ArrowRight")
    assert labels(page) == [berlin, humidity, chart, temperature]
    assert page.evaluate("document.querySelector('.item windsock-chart').plot.chart === window.chart")

    items(page).nth(1).hover()
    items(page).nth(1).get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Edit")
    dialog.get_by_label("Label").fill("<b>Air</b>, inside; 50%")
    dialog.get_by_label("Width").select_option("3")
    dialog.get_by_role("button", name="Move back").click()
    screenshot(page, "board-edit")
    dialog.get_by_role("button", name="Save").click()
    expect(items(page).first).to_contain_text("<b>Air</b>, inside; 50%")
    expect(items(page).first).to_have_attribute("data-columns", "3")
    page.reload()
    expect(items(page).first).to_contain_text("<b>Air</b>, inside; 50%")
    page.get_by_role("button", name="Move <b>Air</b>").focus()
    page.keyboard.press("Delete")
    expect(items(page)).to_have_count(3)
    page.locator("#notice").get_by_role("button", name="Undo").click()
    expect(items(page)).to_have_count(4)
    assert sorted(start[1:]) != sorted(labels(page)[1:])

    items(page).first.hover()
    items(page).first.get_by_role("button", name="Edit").click()
    dialog.get_by_label("Label").fill("Water")
    page.evaluate("""() => {
      const boards = JSON.parse(localStorage["windsock.boards"]);
      boards[0].items.shift();
      localStorage["windsock.boards"] = JSON.stringify(boards);
      dispatchEvent(new StorageEvent("storage", {key: "windsock.boards"}));
    }""")  # as another tab does
    expect(items(page)).to_have_count(3)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_text("It is no longer on the board: another tab has removed it")
    expect(dialog.get_by_label("Label")).to_have_value("Water")
    dialog.get_by_role("button", name="Cancel").click()


def test_boards_are_named_chosen_and_deleted_with_a_way_back(windsock: Windsock, page: Page) -> None:
    own(page, windsock, TEMPERATURE)
    page.get_by_role("button", name="New board").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Garten & Söhne/2 #?")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing is on this board yet.")).to_be_visible()
    expect(page).to_have_title("Garten & Söhne/2 #? · Windsock")
    page.reload()
    expect(page.get_by_label("Board", exact=True)).to_have_value("Garten & Söhne/2 #?")
    page.get_by_role("button", name="Rename").click()
    dialog.get_by_label("Name").fill("House")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("there is a board “House” already", ignore_case=True)
    dialog.get_by_label("Name").fill("Garden")
    dialog.get_by_role("button", name="Save").click()
    expect(page).to_have_title("Garden · Windsock")
    page.get_by_label("Board", exact=True).select_option("House")
    expect(items(page)).to_have_count(1)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_label("Board", exact=True)).to_have_value("Garden")
    page.locator("#notice").get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Board", exact=True)).to_have_value("House")
    expect(items(page)).to_have_count(1)


def test_a_broken_link_says_what_is_wrong(windsock: Windsock, page: Page) -> None:
    hostile = "<img src=x onerror=\"document.title='owned'\">"
    broken = [TEMPERATURE, "nonsense", f"value,device:a,t,,,,{hostile}", "chart,device:a,t,,99d", "value,__proto__"]
    page.goto(board(windsock, ";".join(broken), name=hostile.replace("/", "%2F")))
    problems = page.get_by_role("alert").get_by_role("listitem")
    expect(problems).to_have_text([re.compile(f"Item {at}: ") for at in (2, 4, 5)])
    expect(items(page)).to_have_count(2)
    expect(items(page).nth(1)).to_contain_text("<img src=x")
    expect(page.locator("main img")).to_have_count(0)
    for wrong, why in {
        "v=99&items=value": "it is of another version (99)",
        "v=1&items=" + "x" * 9_000: "its link would be longer than 8000 characters",
        "items=%ff%00%ED%A0%80": "it is of another version (none)",
        "v=1&items=%": "Item 1: “%” is no kind of item",
    }.items():
        page.goto(f"{windsock.url}/#/board/x?{wrong}")
        expect(problems).to_have_text([why])
        expect(items(page)).to_have_count(0)
    page.goto(f"{windsock.url}/#/board/Bare?v=1")
    expect(page.get_by_text("This link has no values or charts.")).to_be_visible()
    page.goto(board(windsock, "value,device:nobody,temperature;value,weather:nowhere,temperature"))
    expect(items(page)).to_contain_text(["no reading yet", re.compile("no such topic|no reading yet")])
    page.goto(f"{windsock.url}/#/board/Nobody's")
    expect(page.get_by_text("There is no board “Nobody's” in this browser.")).to_be_visible()
    assert "owned" not in page.title()


def test_a_wall_screen_shows_nothing_but_the_board_and_what_is_wrong(tmp_path: Path, page: Page) -> None:
    with Windsock(tmp_path) as windsock:
        post(windsock, {"values": {"temperature": 21.4, "humidity": 48}})
        page.set_viewport_size({"width": 1920, "height": 1080})
        own(page, windsock, TEMPERATURE, HUMIDITY, CHART)
        page.get_by_role("button", name="Wall screen").click()
        expect(page.locator("nav")).to_be_hidden()
        expect(page.get_by_role("button", name="Add")).to_have_count(0)
        expect(page.locator("#state > span")).to_be_visible()
        expect(page.locator("#state")).to_have_text("live")
        expect(page.get_by_role("heading", name="House")).to_be_visible()
        assert page.evaluate("document.querySelector('.grid').clientWidth > innerWidth * 0.9")
        expect(items(page).first).to_contain_text("21.4 °C")
        expect(page.locator("html")).to_have_css("color-scheme", "dark")
        expect(page.locator("html")).not_to_have_attribute("data-awake", "")
        expect(page.locator("main")).to_have_css("cursor", "none")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
        screenshot(page, "wall")
        address = page.url
        assert address.endswith("&wall=1")
        windsock.stop(signal.SIGKILL)
        expect(page.locator("#state")).to_have_text("resuming")
        expect(items(page).first.locator("windsock-value")).to_have_attribute("state", "offline")
        windsock.start()
        expect(items(page).first.locator("windsock-value")).to_have_attribute("state", "live")
        page.clock.install()
        page.add_init_script(NO_SESSION_STORAGE)
        page.reload()
        expect(items(page)).to_have_count(3)
        expect(items(page).last).to_contain_text("°C")
        page.set_viewport_size({"width": 390, "height": 320})
        expect(items(page).last).not_to_be_in_viewport()
        page.clock.run_for(16_000)
        expect(items(page).last).to_be_in_viewport(ratio=0.9)
        page.set_viewport_size({"width": 1920, "height": 1080})
        expect(items(page).last).to_be_in_viewport(ratio=1)
        page.evaluate("window.before = true")
        page.evaluate("dispatchEvent(new ErrorEvent('error'))")
        windsock.stop(signal.SIGKILL)
        page.clock.fast_forward(70_000)
        expect(page.locator("#state")).to_have_text("resuming")
        assert page.evaluate("window.before"), "there is nothing to load"
        windsock.start()
        page.clock.run_for(20_000)
        until(page, "!window.before")
        expect(items(page).first).to_contain_text("21.4 °C")
        expect(page.locator("nav")).to_be_hidden()


def test_a_wall_screen_is_left_by_escape_and_shows_boards_in_turn(windsock: Windsock, page: Page) -> None:
    own(page, windsock, TEMPERATURE)
    page.clock.install()
    page.goto(board(windsock, HUMIDITY, name="Other") + "&wall=1")
    expect(items(page)).to_contain_text("humidity")
    expect(page.locator(".notes")).to_be_empty()
    many = [f"chart,device:greenhouse-7,temperature,,{minutes}m,1x1" for minutes in range(1, 16)]
    whole = ["value,compare:greenhouse-7:berlin", TEMPERATURE, *many, HUMIDITY]
    page.goto(board(windsock, ";".join(whole)) + "&wall=1")
    for width, height in ((1920, 1080), (390, 844), (3840, 2160)):
        page.set_viewport_size({"width": width, "height": height})
        expect(items(page)).to_have_count(18)
        expect(items(page).first).to_contain_text("outside 3.4 °C")
        expect(items(page).last).to_contain_text("48")
        until(page, f"!({CUT})().length")
        until(page, f"({CREDITED})()")
        screenshot(page, f"wall-many-{width}")
    page.goto(board(windsock, HUMIDITY, name="Other") + "&wall=1")
    expect(items(page)).to_have_count(1)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save as my own").click()
    page.get_by_role("button", name="Wall screen").click()
    dialog = page.get_by_role("dialog", name="Wall screen")
    dialog.get_by_label("Show all my boards in turn").check()
    dialog.get_by_label("Seconds for each").fill("30")
    dialog.get_by_role("button", name="Wall screen").click()
    expect(items(page)).to_contain_text("humidity")
    for metric in ("temperature", "humidity", "temperature"):
        page.clock.fast_forward(30_000)
        expect(items(page)).to_contain_text(metric)
        expect(items(page)).to_have_count(1)
    assert page.url.endswith("&wall=1&cycle=30")
    page.keyboard.press("Escape")
    expect(page.locator("nav")).to_be_visible()
    page.clock.fast_forward(60_000)
    expect(items(page)).to_contain_text("temperature")


def test_a_board_on_a_phone(windsock: Windsock, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    own(page, windsock, TEMPERATURE, CHART, "value,compare:greenhouse-7:berlin,,,,4x1")
    expect(items(page).nth(2)).to_contain_text("outside 3.4 °C")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screenshot(page, "board-phone")
    page.evaluate(STORAGE_FULL)
    expect(page.locator(".notes")).to_be_empty()
    page.get_by_role("button", name="Move greenhouse-7 · temperature").first.press("ArrowDown")
    expect(page.locator(".notes")).to_contain_text("This browser keeps nothing")
