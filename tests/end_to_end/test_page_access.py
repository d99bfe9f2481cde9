"""The page where viewers need tokens: who is asked for one, why, what they see with it, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from playwright.sync_api import Page, expect

from tests.axe import findings
from tests.browser import screenshot, until
from tests.page_feeds import gets, join, numbers, post
from tests.processes import Windsock, run

SECRET = "the secret of the tests, which is long enough"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    folder = tmp_path_factory.mktemp("guarded")
    with Windsock(folder, anonymous="off", token_secret=SECRET) as windsock:
        post(windsock, *numbers(0, 4), *numbers(0, 4, "cellar"))
        yield windsock


def token(**claims: Any) -> str:
    return jwt.encode({"sub": "ada", **claims}, SECRET, "HS256")


def is_asked(page: Page, why: str) -> None:
    expect(page.locator("#state")).to_have_text("no access")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.locator("#login .why")).to_have_text(why)
    expect(page.get_by_label("Token")).to_be_focused()
    expect(page).to_have_title("Sign in · Windsock")


def test_a_token_is_asked_for_taken_and_forgotten(guarded: Windsock, page: Page) -> None:
    page.goto(f"{guarded.url}/#/weather")
    is_asked(page, "Who looks at this Windsock needs a token.")
    expect(page.locator("main")).to_be_hidden()
    screenshot(page, "sign-in")
    assert findings(page) == []
    page.get_by_label("Token").fill("of somebody else")
    page.get_by_role("button", name="Sign in").click()
    is_asked(page, "The server does not accept this token.")
    page.get_by_role("button", name="Go on without a token").click()
    is_asked(page, "Who looks at this Windsock needs a token.")  # this one asks again
    expect(page.get_by_role("button", name="Go on without a token")).to_have_count(0)
    page.get_by_label("Token").fill(f" {token()} ")
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_have_text("live")
    expect(page).to_have_title("Weather · Windsock")  # where the viewer wanted to go
    expect(page.locator("#login")).to_be_hidden()
    page.reload()
    expect(page.locator("#state")).to_have_text("live")
    page.get_by_role("button", name="Settings").click()
    expect(page.locator("#settings")).to_contain_text("Signed in as ada")
    page.get_by_role("button", name="Sign out").click()
    is_asked(page, "Who looks at this Windsock needs a token.")


def test_a_token_in_the_address_is_taken_out_of_it_and_opens_its_topics_alone(guarded: Windsock, page: Page) -> None:
    page.goto(guarded.url)
    expect(page.locator("#state")).to_have_text("no access")
    page.goto(f"{guarded.url}/#token={token(allow=['device:greenhouse-*'])}")
    expect(page.locator("#state")).to_have_text("live")
    assert "token" not in page.url
    join(page, "device:greenhouse-7", "device:cellar", "readings")
    gets(page, "device:greenhouse-7", range(5))
    for topic in ("device:cellar", "readings"):
        until(page, "(topic) => got[topic].trouble === 'denied'", topic)
        assert page.evaluate("(topic) => got[topic].snapshots", topic) == 0
    expect(page.locator("main")).not_to_contain_text("cellar")


def test_a_token_that_expires_or_is_revoked_leads_to_the_sign_in_and_marks_what_was_shown(
    guarded: Windsock, page: Page
) -> None:
    page.goto(f"{guarded.url}/#token={token(sub='bob', jti='bobs', iat=int(time.time()) - 5)}")
    expect(page.locator("#state")).to_have_text("live")
    revoked = run("revoke", "--token-id", "bobs", data_dir=guarded.environment["WINDSOCK_DATA_DIR"])
    assert revoked.returncode == 0, revoked.stderr
    is_asked(page, "The server does not accept this token any more.")
    expect(page.locator("main")).to_have_attribute("inert", "")
    expect(page.locator("#banner")).to_contain_text("No access since")
    screenshot(page, "revoked")
    assert findings(page) == []
    page.goto(f"{guarded.url}/#token={token(sub='eve', exp=int(time.time()) + 8)}")
    expect(page.locator("#state")).to_have_text("live")
    is_asked(page, "The token has expired. Another one is needed.")
    page.reload()
    is_asked(page, "The token has expired. Another one is needed.")
