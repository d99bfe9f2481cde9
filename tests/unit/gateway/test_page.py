from __future__ import annotations

import httpx
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from gateway import page
from gateway.clients.door import Door
from gateway.sender import Joiner
from services.metrics import Refusals
from services.settings import GatewaySettings

ELSEWHERE = "https://elsewhere.example"


async def get(path: str, origins: str = "", **headers: str) -> httpx.Response:
    """What the page's routes answer a page of another origin."""
    door = Door(GatewaySettings(origins=origins), Refusals(CollectorRegistry()), Joiner(), "127.0.0.1")
    app = httpx.ASGITransport(Starlette(routes=page.routes(door)))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=app, base_url="http://windsock.example") as http:
        return await http.get(path, headers={"Origin": ELSEWHERE} | named)


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
