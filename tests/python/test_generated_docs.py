"""The documentation is what the code says: generated files, the layers, files and links."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "CHANGELOG.md", ROOT / "examples/README.md"]


def load_tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.native_only
def test_generated_files_are_up_to_date() -> None:
    assert list(load_tool("generate_docs").different_files(ROOT)) == []


@pytest.mark.native_only
def test_a_file_that_was_edited_by_hand_is_reported(tmp_path: Path) -> None:
    tool = load_tool("generate_docs")
    texts = tool.generated_files()
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert tool.different_files(tmp_path) == {}
    edited = tmp_path / "docs" / "nodes.md"
    edited.write_text(texts["docs/nodes.md"].replace("16000", "16001"), encoding="utf-8")
    (tmp_path / "python" / "remotemedia" / "node_types.json").unlink()
    assert set(tool.different_files(tmp_path)) == {
        "docs/nodes.md",
        "python/remotemedia/node_types.json",
    }


def node_type(**changes: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "name": "PlainNode",
        "summary": "Does little.",
        "category": "general",
        "aliases": [],
        "inputs": [{"name": "default", "kinds": []}],
        "outputs": [{"name": "default", "kinds": ["audio", "text"]}],
        "parameters": [],
        "refused_parameters": [],
        "metadata": [],
        "continuous": False,
        "streaming": False,
        "offloaded": False,
        "repeatable": False,
        "runtimes": ["native"],
    }
    return empty | changes


def test_the_page_of_nodes_shows_defaults_ranges_and_units() -> None:
    rate = {"name": "rate", "type": "integer", "description": "Of it.", "minimum": 1, "unit": "Hz"}
    share = {"name": "share", "type": "number", "description": "A.", "default": 0.5}
    share |= {"minimum": 0.0, "maximum": 1.5, "aliases": ["part"]}
    kind = {"name": "kind", "type": "string", "description": "B.", "choices": ["a|b", "c"]}
    page = load_tool("generate_docs").nodes_page(
        [node_type(parameters=[rate, share, kind | {"nullable": True}], outputs=[])]
    )
    assert "| `rate` | integer | required | at least 1 Hz | Of it. |" in page
    assert "| `share` (alias `part`) | number | `0.5` | 0..1.5 | A. |" in page
    assert '| `kind` | string | `null` | `"a\\|b"`, `"c"`, or null | B. |' in page
    assert "anything in, nothing out (a sink)" in page


def test_layers_of_the_architecture_are_those_that_are_checked() -> None:
    table = ARCHITECTURE.split("## Layers")[1].split("##")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", table, re.MULTILINE)
    stated = {layer: set(re.findall(r"`(\w+)`", uses)) for layer, uses in rows}
    assert stated == load_tool("check_layers").ALLOWED


def test_files_that_the_architecture_names_exist() -> None:
    suffixes = ("", ".h", ".cc", ".py")
    places = [ROOT, ROOT / "include/remotemedia", ROOT / "src", ROOT / "python/remotemedia"]
    named = set(re.findall(r"`([\w./]+/[\w.]*|[\w]+\.(?:py|cc|h))`", ARCHITECTURE))
    assert {"tools/check_layers.py", "graph/session.h", "_session_python.py"} <= named
    missing = [
        name
        for name in sorted(named)
        if not any((place / (name + suffix)).exists() for place in places for suffix in suffixes)
        and not list((ROOT / "src").rglob(name))
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        if target.startswith("http"):
            continue
        linked = page.parent / file if file else page
        assert linked.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {head.lower().replace(" ", "-") for head in heads}, target
