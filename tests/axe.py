"""What axe finds wrong with a page for those who do not see it, or use no mouse."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

BAD = {"serious", "critical"}


def findings(page: Page) -> list[str]:
    """What axe calls serious or critical, and where."""
    found = Axe().run(page).response["violations"]
    assert isinstance(found, list)
    return [
        f"{one['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
        for one in found
        if one["impact"] in BAD
        for node in one["nodes"]
    ]
