"""Which implementation runs a node: the native module or Python.

The one place that imports the native module and the one function that decides. What the decision
depends on besides the node:

``REMOTEMEDIA_RUNTIME``
    ``auto`` (default), ``python`` (wins over all hints), ``native`` (the hint of ``auto`` nodes).
``REMOTEMEDIA_ENABLE_FALLBACK``
    ``true`` (default) or ``false``: a native module that cannot load is then an error.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, Literal, NamedTuple

from .exceptions import ConfigurationError

__all__ = [
    "Probe",
    "Resolution",
    "blocking",
    "fallback_enabled",
    "get_rust_runtime",
    "is_native_runtime_available",
    "is_rust_runtime_available",
    "native_available",
    "native_module",
    "normalize_hint",
    "probe",
    "requested_runtime",
    "resolve_runtime",
    "settings",
    "settled_module",
    "try_load_rust_runtime",
]

Runtime = Literal["native", "python"]
Hint = Literal["auto", "native", "python"]

_PACKAGE: Final = __name__.rpartition(".")[0]
_NAMES: Final = vars(sys.modules[_PACKAGE])  # of the package, which is being imported
RUNTIME_VARIABLE = "REMOTEMEDIA_RUNTIME"
FALLBACK_VARIABLE = "REMOTEMEDIA_ENABLE_FALLBACK"
UNAVAILABLE = "Rust runtime unavailable, falling back to Python execution"

_HINTS: dict[str, Hint] = {
    "auto": "auto",
    "native": "native",
    "rust": "native",
    "python": "python",
    "cpython": "python",
    "cpython_wasm": "python",
    "rust_python": "python",
}
_REMOVED_HINTS = ("cpython_wasm", "rust_python")
_SWITCH = {"true": True, "1": True, "yes": True, "on": True}
_SWITCH |= {"false": False, "0": False, "no": False, "off": False}

# What the last probe found. Tests replace them on the package (`remotemedia._rust_runtime`), so
# that is where they are read and written: None = not probed, or to be probed again.
_rust_runtime: ModuleType | None = None
_rust_runtime_available: bool | None = None


class Probe(NamedTuple):
    """Result of loading the native module: whether it is there, the module, else the reason."""

    available: bool
    module: ModuleType | None
    reason: str | None


@dataclass(frozen=True)
class Resolution:
    """Which runtime a node gets, and why."""

    runtime: Runtime
    reason: str


def probe() -> Probe:
    """Load the native module, once; a failed load is tried again. Never raises, never warns."""
    package = _package()
    module = getattr(package, "_rust_runtime", None)
    if getattr(package, "_rust_runtime_available", None) is False and module is None:
        return Probe(False, None, "switched off by remotemedia._rust_runtime_available")
    if module is None:
        try:
            module = importlib.import_module("remotemedia._native")
        except (
            Exception
        ) as error:  # also a module built against an incompatible NumPy or libsndfile
            return Probe(False, None, f"{type(error).__name__}: {error}")
        package._rust_runtime = module  # type: ignore[attr-defined]
        package._rust_runtime_available = True  # type: ignore[attr-defined]
    return Probe(True, module, None)


def try_load_rust_runtime() -> tuple[bool, ModuleType | None, str | None]:
    """Load the native module; gives (loaded, module or None, reason or None) and never raises."""
    loaded, module, reason = probe()
    return loaded, module, reason


def is_native_runtime_available() -> bool:
    """Tell whether the native module loads; warns with the reason each time that it does not."""
    loaded, _, reason = _package().try_load_rust_runtime()
    if not loaded:
        warnings.warn(f"{UNAVAILABLE}: {reason}", UserWarning, stacklevel=2)
    return bool(loaded)


def is_rust_runtime_available() -> bool:
    """Old name of `is_native_runtime_available`."""
    return bool(_package().is_native_runtime_available())


def get_rust_runtime() -> ModuleType | None:
    """Give the native module, the same object each time; None if it cannot load."""
    module: ModuleType | None = _package().try_load_rust_runtime()[1]
    return module


def native_available() -> bool:
    """As `is_rust_runtime_available`, looked up on the package when called, so patching works."""
    return settled_module() is not None or bool(_package().is_rust_runtime_available())


def native_module() -> ModuleType:
    """Give the native module; ConfigurationError with the reason if it cannot load."""
    loaded, module, reason = probe()
    if not loaded or module is None:
        raise ConfigurationError(
            f"the native module cannot load: {reason}",
            hint="install the wheel for this platform, or set REMOTEMEDIA_RUNTIME=python",
        )
    return module


def settled_module() -> Any:
    """Give the native module if all say so without being asked; None if somebody has to be.

    So it is when it is loaded, the environment is silent, and the package is not patched: what a
    call with a few samples finds out each time.
    """
    module = _NAMES["_rust_runtime"]
    if (
        module is None
        or _NAMES["is_rust_runtime_available"] is not is_rust_runtime_available
        or _NAMES["is_native_runtime_available"] is not is_native_runtime_available
        or _NAMES["try_load_rust_runtime"] is not try_load_rust_runtime
        or module.has_variable(RUNTIME_VARIABLE)
    ):
        return None
    return module


def blocking() -> AbstractContextManager[object]:
    """Give what has to be entered around a wait.

    The thread may be one of the few that native sessions make brief calls on; another one then
    takes its place.
    """
    module = _NAMES["_rust_runtime"]
    return nullcontext() if module is None else module.Blocking()


def normalize_hint(hint: object) -> Hint:
    """Map a runtime hint to ``auto``, ``native`` or ``python``; ConfigurationError if unknown.

    ``rust`` and ``cpython`` are old names; runtimes that no longer exist mean ``python`` and warn.
    """
    known = _HINTS.get(hint.lower()) if isinstance(hint, str) else None
    if known is None:
        raise ConfigurationError(
            f"runtime_hint is {hint!r}, expected 'auto', 'native' or 'python'",
            hint="'rust' is accepted as the old name of 'native'",
        )
    if isinstance(hint, str) and hint.lower() in _REMOVED_HINTS:
        warnings.warn(
            f"runtime_hint {hint!r} no longer exists, 'python' is used", UserWarning, stacklevel=3
        )
    return known


def requested_runtime() -> Hint:
    """Read ``REMOTEMEDIA_RUNTIME``; ConfigurationError if it has another value."""
    value = os.environ.get(RUNTIME_VARIABLE, "").strip().lower()
    if value == "":
        return "auto"
    if value in ("auto", "native", "python"):
        return _HINTS[value]
    raise ConfigurationError(
        f"{RUNTIME_VARIABLE} is {os.environ[RUNTIME_VARIABLE]!r}, expected auto, native or python"
    )


def settings() -> tuple[str | None, str | None]:
    """Give what the environment says of runtimes, as it is, to see whether it has changed."""
    return _variable(RUNTIME_VARIABLE), _variable(FALLBACK_VARIABLE)


def _variable(name: str) -> str | None:
    # That a variable is absent takes os.environ ten times as long to say as the native module.
    module = _NAMES["_rust_runtime"]
    return None if module is not None and not module.has_variable(name) else os.environ.get(name)


def fallback_enabled() -> bool:
    """Read ``REMOTEMEDIA_ENABLE_FALLBACK``; ConfigurationError if it is no boolean."""
    value = os.environ.get(FALLBACK_VARIABLE, "").strip().lower()
    if value == "":
        return True
    if value in _SWITCH:
        return _SWITCH[value]
    raise ConfigurationError(
        f"{FALLBACK_VARIABLE} is {os.environ[FALLBACK_VARIABLE]!r}, expected true or false"
    )


def resolve_runtime(
    hint: object, node_type: str, has_native: bool, has_python: bool, available: bool
) -> Resolution:
    """Decide which runtime a node gets. Asked once per node, when the graph is built.

    Parameters
    ----------
    hint : str
        The node's ``runtime_hint``.
    node_type : str
        For messages.
    has_native, has_python : bool
        Which implementations the node's type has.
    available : bool
        The native module is loaded (`native_available`).

    Raises
    ------
    ConfigurationError
        The hint or the environment asks for an implementation that the type does not have, or the
        module is missing and ``REMOTEMEDIA_ENABLE_FALLBACK`` is false.
    """
    wanted, reason = _wanted(normalize_hint(hint))
    if wanted == "python":
        if not has_python:
            raise _lacks(node_type, "Python", reason)
        return Resolution("python", reason)
    if not has_native:
        if wanted == "native":
            raise _lacks(node_type, "native", reason)
        return Resolution("python", "python only")
    if available:
        automatic = "native implementation available"
        return Resolution("native", reason if wanted == "native" else automatic)
    if not fallback_enabled():
        raise ConfigurationError(
            f"{node_type}: the native module cannot load and {FALLBACK_VARIABLE} is false"
            f"{_because()}",
            hint=f"install the wheel for this platform, or unset {FALLBACK_VARIABLE}",
        )
    if not has_python:
        raise _lacks(node_type, "Python", "native module unavailable")
    return Resolution("python", "native module unavailable")


def _wanted(hint: Hint) -> tuple[Hint, str]:
    """Combine the hint with the environment; gives what is wanted and who wants it."""
    forced = requested_runtime()
    if forced == "python":
        return "python", f"{RUNTIME_VARIABLE}=python"
    if hint == "auto" and forced == "native":
        return "native", f"{RUNTIME_VARIABLE}=native"
    return hint, f"hint {hint}"


def _lacks(node_type: str, which: str, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"{node_type} has no {which} implementation, but is asked for one ({reason})",
        hint="use runtime_hint='auto'",
    )


def _because() -> str:
    reason = probe().reason
    return f" ({reason})" if reason else ""


def _package() -> ModuleType:
    return sys.modules[_PACKAGE]
