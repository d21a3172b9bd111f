from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "check_layers.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_layers", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree that keeps every rule."""
    write(tmp_path, "include/remotemedia/base/error.h", "class NodeError {};\n#include <string>\n")
    write(
        tmp_path,
        "include/remotemedia/graph/node.h",
        '#include "remotemedia/base/error.h"\nclass NodeExecutor {\n};\n',
    )
    write(tmp_path, "src/graph/graph.cc", '#include "graph/order.h"\nclass NodeExecutor;\n')
    write(tmp_path, "src/graph/order.h", "#include <vector>\n")
    write(tmp_path, "src/dsp/kernel.cc", "#include <hwy/highway.h>\n")
    write(tmp_path, "python/remotemedia/runtime.py", "import remotemedia._native\n")
    write(
        tmp_path,
        "python/remotemedia/audio.py",
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from remotemedia import _native\n",
    )
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_a_tree_that_keeps_the_rules_has_no_problem(tool: ModuleType, tree: Path) -> None:
    assert tool.problems(tree) == []


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("src/dsp/a.cc", '#include "remotemedia/graph/node.h"\n', "dsp may use only ['base']"),
        ("src/graph/a.cc", '#  include "nodes/vad.h"\n', "graph may use only ['base']"),
        ("src/cli/a.cc", '#include "graph/order.h"\n', "a private header of graph"),
        ("include/remotemedia/graph/a.h", '#include "graph/order.h"\n', "a private header"),
        ("include/remotemedia/graph/a.h", "#include <fmt/core.h>\n", "public header"),
        ("src/nodes/a.cc", "#include <sndfile.h>\n", "only media may"),
        ("src/nodes/a.cc", "#include <openssl/ssl.h>\n", "only media and rtc and server may"),
        ("src/rtc/a.cc", '#include "remotemedia/graph/node.h"\n', "rtc may use only ['base']"),
        ("src/utils/a.cc", "", "'utils' is no layer"),
        ("src/graph/a.cc", "struct NodeExecutor {};\n", "declared 2 times"),
        ("python/remotemedia/a.py", "from remotemedia import _native\n", "a.py:1: loads"),
        ("python/remotemedia/a.py", "from ._native import resample\n", "a.py:1: loads"),
        ("python/remotemedia/n/a.py", "x = load('remotemedia._native')\n", "a.py:1: loads"),
    ],
)
def test_a_broken_rule_is_reported_with_its_file(
    tool: ModuleType, tree: Path, name: str, text: str, part: str
) -> None:
    write(tree, name, text)
    found = tool.problems(tree)
    assert len(found) == 1
    assert name in found[0]
    assert part in found[0]


def test_error_kinds_may_be_named_in_fifteen_files_only(tool: ModuleType, tree: Path) -> None:
    for index in range(14):  # with error.h of the tree: fifteen
        write(tree, f"src/graph/part_{index}.cc", "throw ConfigError(text);\n")
    assert tool.problems(tree) == []
    write(tree, "python/remotemedia/one_more.py", "raise_(ManifestError)\n")
    found = tool.problems(tree)
    assert len(found) == 1
    assert "16 files name an error kind" in found[0]


def test_this_tree_keeps_the_rules(tool: ModuleType) -> None:
    assert tool.problems(TOOL.parents[1]) == []
