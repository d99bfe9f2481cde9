from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from gateway import page
from gateway.clients.door import Door
from gateway.sender import Joiner
from services.metrics import Refusals
from services.settings import GatewaySettings

ELSEWHERE = "https://elsewhere.example"


async def get(path: str, origins: str = "", method: str = "GET", **headers: str) -> httpx.Response:
    """What the page's routes answer a page of another origin."""
    door = Door(GatewaySettings(origins=origins), Refusals(CollectorRegistry()), Joiner(), "127.0.0.1")
    app = httpx.ASGITransport(Starlette(routes=page.routes(door)))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=app, base_url="http://windsock.example") as http:
        return await http.request(method, path, headers={"Origin": ELSEWHERE} | named)


async def test_pages_of_any_origin_may_read_the_modules() -> None:
    for path in ("/embed.js", "/static/live/feed.js"):
        answer = await get(path)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


async def test_a_module_that_did_not_change_is_not_sent_again() -> None:
    first = await get("/embed.js")
    assert first.headers["cache-control"] == "no-cache"
    again = await get("/embed.js", If_None_Match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["access-control-allow-origin"] == "*"


async def test_a_module_that_changed_is_sent_as_it_is_now(tmp_path: Path) -> None:
    files = page.SharedFiles(tmp_path)
    module = tmp_path / "module.js"
    scope = {"type": "http", "method": "GET", "headers": []}
    for text, at_s in ((b"one", 1), (b"two", 2)):
        module.write_bytes(text)
        os.utime(module, (at_s, at_s))
        answer = await files.get_response("module.js", scope)
        assert answer.body == text
        assert "javascript" in answer.headers["content-type"]


@pytest.mark.parametrize("path", ["", "live", "live/", "none.js", "../page.py", "%2e%2e/page.py", "index.html"])
async def test_nothing_but_files_of_the_page_is_shared(path: str) -> None:
    assert (await get(f"/static/{path}")).status_code == 404


async def test_files_are_only_read() -> None:
    assert (await get("/static/page.js", method="POST")).status_code == 405
    head = await get("/static/page.js", method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 0


async def test_a_page_is_told_whether_it_may_open_sockets() -> None:
    for origins, allowed in (("", False), (ELSEWHERE, True), ("*", True), ("https://other.example", False)):
        answer = await get("/embed/origin", origins)
        assert answer.json() == {"origin": ELSEWHERE, "allowed": allowed}
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cache-control"] == "no-store"


async def test_a_page_of_this_site_names_itself() -> None:
    asking = "/embed/origin?page=http%3A%2F%2Fwindsock.example"
    for origins, allowed in ((ELSEWHERE, False), ("http://windsock.example", True)):
        answer = await get(asking, origins, Origin="")
        assert answer.json() == {"origin": "http://windsock.example", "allowed": allowed}


async def test_the_page_itself_is_not_for_others() -> None:
    assert "access-control-allow-origin" not in (await get("/")).headers


@pytest.fixture
def dashboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page whose modules the build joined."""
    texts = {"index.html": "<head></head>", "page.js": 'import { a } from "./a.js";\n', "a.js": "export const a = 1;\n"}
    (tmp_path / "built").mkdir()
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "built" / "index.html").write_text("joined page")
    (tmp_path / "built" / "page.js").write_text("joined module")
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    (tmp_path / "built" / "sources.json").write_text(json.dumps({"sources": digests}))
    monkeypatch.setattr(page, "DASHBOARD", tmp_path)
    return tmp_path


async def test_joined_modules_are_served_where_they_are_made_of_the_sources(dashboard: Path) -> None:
    assert [(await get(path)).text for path in ("/", "/static/page.js")] == ["joined page", "joined module"]
    assert (await get("/static/a.js")).text == "export const a = 1;\n"
    for path in ("index.html", "built/index.html", "built/page.js", "/built/page.js", "x/%2e%2e/built/page.js"):
        assert (await get(f"/static/{path}")).status_code == 404


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.js", "export const a = 2;\n"), ("a.js", None), ("built/sources.json", "{"), ("built/sources.json", None)],
)
async def test_who_edits_a_module_sees_it_and_no_joined_one(dashboard: Path, name: str, text: str | None) -> None:
    if text is None:
        (dashboard / name).unlink()
        (dashboard / "page.js").write_text("")
    else:
        (dashboard / name).write_text(text)
    assert (await get("/static/page.js")).text == (dashboard / "page.js").read_text()
    assert (await get("/")).text.startswith("<head>")
