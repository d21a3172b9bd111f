"""What the figures were measured on: machine, system, and the version of everything compared."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from pathlib import Path
from typing import Any, Final

PACKAGES: Final = (
    "numpy",
    "scipy",
    "soxr",
    "librosa",
    "resampy",
    "numba",
    "onnxruntime",
    "silero-vad",
    "webrtcvad-wheels",
    "aiortc",
)


def describe() -> dict[str, Any]:
    """Give machine and versions; a package that is not installed is None."""
    import remotemedia

    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        "system": _system(),
        "python": platform.python_version(),
        "remotemedia": remotemedia.__version__,
        "native": remotemedia.is_native_runtime_available(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")

    def field(name: str) -> str:
        found = re.search(rf"^{name}\s*:\s*(.+)$", info, re.MULTILINE)
        return found[1].strip() if found else "?"

    if field("model name") == "?":
        return platform.machine()
    return f"{field('model name')} (family {field('cpu family')}, model {field('model')})"


def _system() -> str:
    release = platform.freedesktop_os_release()
    return f"{release.get('PRETTY_NAME', 'Linux')}, Linux {platform.release().split('-')[0]}"


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
