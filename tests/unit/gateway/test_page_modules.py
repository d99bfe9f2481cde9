"""Which modules a page needs at once."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.page import DASHBOARD
from gateway.page_modules import needed


def test_it_follows_what_a_module_waits_for_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "page.js").write_text(
        'import { a } from "./a.js";\nimport {\n  b,\n  c,\n} from "./parts/b.js";\nimport * as d from "./d.js";\n'
        'import "./effects.js";\nexport { e } from "./e.js";\nconst later = async () => import("./later.js");\n'
        'export function f() {\n  return ["from", "./not.js"];\n}\n'
    )
    (tmp_path / "parts" / "b.js").write_text('import A from "../a.js";\nimport { V } from "../vendor.js";\n')
    for leaf in ("a", "d", "e", "effects", "vendor", "later"):
        (tmp_path / f"{leaf}.js").write_text('// import x from "./comment.js";\n')
    assert needed(tmp_path, "page.js") == ["a.js", "parts/b.js", "d.js", "effects.js", "e.js", "vendor.js"]


def test_all_modules_of_the_page_are_there() -> None:
    modules = needed(DASHBOARD, "page.js")
    assert {"views/overview/view.js", "live/connection.js", "vendor/centrifuge/centrifuge.js"} <= set(modules)
    assert "views/device/view.js" not in modules
    assert [module for module in modules if not (DASHBOARD / module).is_file()] == []


def test_every_stylesheet_and_script_of_the_page_is_there() -> None:
    named = re.findall(r'(?:href|src)="/static/([^"]+)"', (DASHBOARD / "index.html").read_text())
    assert len(named) > 8
    assert [name for name in named if not (DASHBOARD / name).is_file()] == []
