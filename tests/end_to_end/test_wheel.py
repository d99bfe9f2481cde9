"""A wheel: what it holds, and that it serves the page from wherever it is installed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from hatch_build import BUILT, DASHBOARD, ROOT, SOURCES, STAMP, VENDOR, pinned
from tests.processes import Windsock, free_port

UV = str(Path(sys.executable).with_name("uv"))
FROM_WHEEL = """
import sys
from pathlib import Path
import gateway
assert Path(gateway.__file__).is_relative_to(sys.argv[1]), gateway.__file__
from services.cli import main
sys.argv[1:] = ["up"]
main()
"""
SERVED = {
    "/embed.js": "javascript",
    "/static/embed/value.js": "javascript",
    "/static/live/feed.js": "javascript",
    "/static/vendor/centrifuge/centrifuge.js": "javascript",
    "/static/vendor/centrifuge/LICENSE.txt": "text/plain",
    "/static/vendor/events/LICENSE.txt": "text/plain",
    "/static/vendor/uplot/LICENSE.txt": "text/plain",
    "/static/vendor/uplot/uPlot.esm.js": "javascript",
    "/static/vendor/uplot/uPlot.min.css": "text/css",
}


def run(*command: str, cwd: Path) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, timeout=100)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source distribution, as an index would have it: that has what was fetched, too."""
    folder = tmp_path_factory.mktemp("wheel")
    run(UV, "build", "-q", "--no-build-isolation", "--python", sys.executable, "-o", str(folder), str(ROOT), cwd=folder)
    assert len(list(folder.glob("*.tar.gz"))) == 1
    (found,) = folder.glob("*.whl")
    return found


class Installed(Windsock):
    """`windsock up` of a folder that a wheel was unpacked in."""

    def __init__(self, folder: Path, site: Path) -> None:
        super().__init__(folder, port=str(free_port()))
        self.environment |= {"PYTHONPATH": str(site)}
        self._site = site

    def command(self) -> list[str]:
        return [sys.executable, "-P", "-c", FROM_WHEEL, str(self._site)]


def test_a_wheel_holds_what_is_served_and_nothing_of_the_build(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert str(VENDOR / STAMP) in names
    assert "gateway/dashboard/vendor/uplot/uPlot.esm.js" in names
    assert str(BUILT / SOURCES) in names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {
        "gateway",
        "ingest",
        "services",
        "weather_poller",
    }
    assert not [name for name in names if "node_modules" in name or "esbuild" in name]


def unpacked(wheel: Path, folder: Path) -> Path:
    site = folder / "site"
    run(UV, "pip", "install", "-q", "--no-deps", "--target", str(site), str(wheel), cwd=folder)
    return site


def asked_for(page: Page, url: str) -> list[str]:
    """The files that the first view needs."""
    asked: list[str] = []
    listener = lambda request: asked.append(request.url.removeprefix(f"{url}/static/"))  # noqa: E731
    page.on("request", listener)
    page.goto(url)
    expect(page).to_have_title("Devices · Windsock")
    page.remove_listener("request", listener)
    return [one for one in asked if one.endswith((".js", ".css"))]


def test_an_installed_wheel_serves_joined_modules_and_each_for_itself_once_one_is_edited(
    wheel: Path, tmp_path: Path, page: Page
) -> None:
    site = unpacked(wheel, tmp_path)
    with Installed(tmp_path, site) as windsock:
        joined = asked_for(page, windsock.url)
        assert len(joined) < 20
        assert {"page.js", "styles/page.css"} <= set(joined)
    edited = site / DASHBOARD / "parts" / "banner.js"
    edited.write_text(edited.read_text() + "// edited\n")
    with Installed(tmp_path, site) as windsock:
        alone = asked_for(page, windsock.url)
        assert "styles/page.css" not in alone
        assert {"page.js", "parts/banner.js", "styles/base.css", "vendor/centrifuge/centrifuge.js"} <= set(alone)


def test_an_installed_wheel_serves_the_page_and_its_packages(wheel: Path, tmp_path: Path) -> None:
    site = unpacked(wheel, tmp_path)
    with Installed(tmp_path, site) as windsock, httpx.Client(base_url=windsock.url, trust_env=False) as http:
        for path, kind in SERVED.items():
            answer = http.get(path, headers={"Origin": "https://elsewhere.example"})
            assert answer.status_code == 200, path
            assert kind in answer.headers["content-type"], path
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.headers["cache-control"] == "no-cache"
            again = http.get(path, headers={"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
        assert http.get("/static/vendor/packages.json").json() == pinned(ROOT)
        assert "/static/" in http.get("/").text
