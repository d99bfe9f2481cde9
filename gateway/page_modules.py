"""Which modules a page needs before it can show anything, read from their imports."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

_NAMES = r"[\w$*{}\s,]+?"
_IMPORTS = re.compile(rf'^(?:import\s+(?:{_NAMES}\s+from\s+)?|export\s+{_NAMES}\s+from\s+)"(\.[^"]+)"', re.MULTILINE)
"""Those that a module waits for; what is imported later, when it is wanted, stands within a function."""


def needed(folder: Path, entry: str) -> list[str]:
    """The paths in `folder` of all modules that `entry` imports, also through others, the nearest first."""
    found = [entry]
    for module in found:
        for imported in _IMPORTS.findall((folder / module).read_text()):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(module), imported))
            if path not in found:
                found.append(path)
    return found[1:]
