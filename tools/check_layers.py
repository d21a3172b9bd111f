#!/usr/bin/env python3
"""Check what the design promises about the source tree.

An arrow between layers points left only (docs/architecture.md), public headers show no other
library, one Python module imports the native one, error kinds are raised in few places, and there
is one node interface. Prints one line per problem; exit code 1 if there is any.

Usage: check_layers.py [ROOT]
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ALLOWED: dict[str, set[str]] = {
    "base": set(),
    "dsp": {"base"},
    "media": {"base"},
    "graph": {"base"},
    "rtc": {"base"},
    "nodes": {"base", "dsp", "media", "graph"},
    "server": {"base", "dsp", "graph", "nodes", "rtc"},
    "bindings": {"base", "dsp", "media", "graph", "nodes", "server"},
    "cli": {"base", "graph", "nodes", "server"},
}
# Libraries that layers hide from all others.
LIBRARY_OWNERS = {
    "hwy/": ("dsp",),
    "sndfile": ("media",),
    "openssl/": ("media", "rtc", "server"),
    "boost/": ("server",),
    "srtp2/": ("rtc",),
    "usrsctp": ("rtc",),
    "opus": ("rtc",),
    "yaml-cpp/": ("graph",),
    "nanobind/": ("bindings",),
    "Python.h": ("bindings",),
    "CLI/": ("cli",),
}
# Raised through one function per layer, so that messages keep one form.
ERROR_KINDS = re.compile(
    r"\b(ConfigError|ManifestError|NodeError|IoError|WrongTypeError"
    r"|ConfigurationError|NodeTypeError|ItemTypeError|MediaIOError)\b"
)
MAX_FILES_NAMING_ERROR_KINDS = 15
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
NODE_INTERFACE = re.compile(r"^\s*(?:class|struct)\s+NodeExecutor\b[^;{(]*[{:(]", re.MULTILINE)
NATIVE_MODULE = "remotemedia._native"
NATIVE_IMPORTER = Path("python/remotemedia/runtime.py")


def sources(root: Path, folder: str, *suffixes: str) -> Iterator[Path]:
    """Files below `folder` with one of the suffixes, relative to `root`, sorted."""
    for path in sorted((root / folder).rglob("*")):
        if path.suffix in suffixes and path.is_file():
            yield path.relative_to(root)


def cpp_files(root: Path) -> Iterator[tuple[Path, str]]:
    """C++ files of src/<layer> and include/remotemedia/<layer> with their layer."""
    for path in sources(root, "src", ".h", ".cc"):
        if len(path.parts) > 2:
            yield path, path.parts[1]
    for path in sources(root, "include/remotemedia", ".h", ".in"):
        if len(path.parts) > 3:
            yield path, path.parts[2]


def layer_of_include(name: str) -> tuple[str, bool] | None:
    """Layer that an include names and whether the header is public; None if it is not ours."""
    parts = name.split("/")
    public = parts[0] == "remotemedia"
    layer = parts[1] if public and len(parts) > 2 else parts[0]
    return (layer, public) if layer in ALLOWED else None


def check_include(path: Path, layer: str, quoted: str, angled: str) -> Iterator[str]:
    """Problems of one include line."""
    in_public_header = path.parts[0] == "include"
    name = quoted or angled
    ours = layer_of_include(name) if quoted else None
    if ours is None:
        for prefix, owners in LIBRARY_OWNERS.items():
            if name.startswith(prefix) and layer not in owners:
                yield f"{path}: includes <{name}>; only {' and '.join(owners)} may"
        if in_public_header and re.search(r"[./]", name):
            yield f"{path}: includes <{name}>; a public header shows std and our own types only"
        return
    other, public = ours
    if other != layer and other not in ALLOWED[layer]:
        yield f'{path}: includes "{name}"; {layer} may use only {sorted(ALLOWED[layer])}'
    elif not public and (in_public_header or other != layer):
        yield f'{path}: includes "{name}", a private header of {other}; use include/remotemedia'


def check_includes(root: Path) -> Iterator[str]:
    """Arrows between layers, private headers and hidden libraries."""
    for path, layer in cpp_files(root):
        if layer not in ALLOWED:
            yield f"{path}: '{layer}' is no layer; known: {sorted(ALLOWED)}"
            continue
        for quoted, angled in INCLUDE.findall((root / path).read_text(encoding="utf-8")):
            yield from check_include(path, layer, quoted, angled)


def names_native_module(node: ast.AST) -> bool:
    """Whether a syntax node imports the native module or names it for a late import."""
    if isinstance(node, ast.Import):
        return any(alias.name == NATIVE_MODULE for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        return module.split(".")[-1] == "_native" or any(a.name == "_native" for a in node.names)
    return isinstance(node, ast.Constant) and node.value in (NATIVE_MODULE, "._native")


def code_that_runs(tree: ast.AST) -> Iterator[ast.AST]:
    """Syntax nodes, without the bodies of `if TYPE_CHECKING:`, which exist for checkers only."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from code_that_runs(child)


def check_python_imports(root: Path) -> Iterator[str]:
    """Only runtime.py loads the native module: there the fallback is decided, nowhere else."""
    for path in sources(root, "python/remotemedia", ".py"):
        if path == NATIVE_IMPORTER:
            continue
        tree = ast.parse((root / path).read_text(encoding="utf-8"), str(path))
        for node in code_that_runs(tree):
            if names_native_module(node):
                line = getattr(node, "lineno", 0)
                yield f"{path}:{line}: loads {NATIVE_MODULE}; only {NATIVE_IMPORTER} may"


def all_sources(root: Path) -> Iterator[Path]:
    """Every source of the library, in both languages."""
    for folder in ("src", "include", "python/remotemedia"):
        yield from sources(root, folder, ".h", ".cc", ".py")


def check_error_kinds(root: Path) -> Iterator[str]:
    """Errors are raised through few functions."""
    naming = [p for p in all_sources(root) if ERROR_KINDS.search((root / p).read_text("utf-8"))]
    if len(naming) > MAX_FILES_NAMING_ERROR_KINDS:
        yield (
            f"{len(naming)} files name an error kind, at most {MAX_FILES_NAMING_ERROR_KINDS} may; "
            f"raise through the layer's function instead: {', '.join(map(str, naming))}"
        )


def check_node_interface(root: Path) -> Iterator[str]:
    """One node interface, and no adapter between two."""
    declaring = [
        str(path)
        for path in all_sources(root)
        for _ in NODE_INTERFACE.findall((root / path).read_text("utf-8"))
    ]
    if len(declaring) != 1:
        yield f"NodeExecutor is declared {len(declaring)} times, expected once: {declaring}"


def problems(root: Path) -> list[str]:
    """Every problem of the tree below `root`."""
    checks = (check_includes, check_python_imports, check_error_kinds, check_node_interface)
    return [problem for check in checks for problem in check(root)]


def main() -> int:
    """Print the problems of the tree given as argument, or of the one this file is in."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    found = problems(root)
    for problem in found:
        print(problem)
    if not found:
        print("layers: in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
