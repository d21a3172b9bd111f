"""What a worker needs to find the classes of its node: module paths, and the main module."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from ..exceptions import refuse

if TYPE_CHECKING:
    from ..node import Node

__all__ = ["check_not_importing_main", "importing_main", "main_module", "module_path", "pickled"]

_state = {"is_importing_main": False}


def module_path() -> list[str]:
    """Give where modules are found; the current folder by its name."""
    return [os.path.abspath(entry) if entry == "" else entry for entry in sys.path]


def main_module() -> dict[str, Any]:
    """Say which main module to import, in the form of `multiprocessing.spawn.prepare`."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    path = getattr(main, "__file__", None)
    if main is not None:
        # Under this name a worker has it, so results may name it.
        sys.modules.setdefault("__mp_main__", main)
    if spec is not None:
        return {"sys_argv": sys.argv, "init_main_from_name": spec.name}
    if path is not None:
        return {"sys_argv": sys.argv, "init_main_from_path": os.path.abspath(path)}
    return {}


@contextmanager
def importing_main() -> Iterator[None]:
    """Mark that the main module is imported a second time, in a worker."""
    _state["is_importing_main"] = True
    try:
        yield
    finally:
        _state["is_importing_main"] = False


def check_not_importing_main() -> None:
    """Refuse a worker whose main module starts a pipeline while a worker imports it."""
    if _state["is_importing_main"]:
        refuse(
            "the main module",
            "running an isolated node while a worker imports it",
            "one that can be imported",
            "put what it does under: if __name__ == '__main__':",
        )


def pickled(node: Node) -> bytes:
    """Pickle a node; the configuration error names the attribute that cannot be."""
    try:
        return pickle.dumps(node, protocol=5)
    except Exception as error:  # of whatever the node holds
        _refuse_node(node, error)


def _refuse_node(node: Node, error: Exception) -> NoReturn:
    name = type(node).__name__
    if not _can_pickle(type(node)):
        refuse(
            f"the class of isolated node {name}",
            f"{type(node).__qualname__!r} in module {type(node).__module__!r}",
            "a class that the worker process can import",
            "define it at the top level of a module",
        )
    state = node.__getstate__()
    for key, value in (state if isinstance(state, dict) else {}).items():
        if not _can_pickle(value):
            refuse(
                f"attribute {key!r} of isolated node {name}",
                f"a {type(value).__name__}",
                "what pickle can send to the worker process",
                "make it in initialize(), which runs there",
            )
    refuse(
        f"isolated node {name}",
        f"what pickle refuses ({error})",
        "what pickle can send to the worker process",
    )


def _can_pickle(value: object) -> bool:
    try:
        pickle.dumps(value, protocol=5)
    except Exception:
        return False
    return True
