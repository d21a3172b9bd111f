#!/usr/bin/env python3
"""Write the files that are made from the registry of node types.

``python/remotemedia/node_types.json`` (what the Python SDK knows of the types),
``docs/manifest.v1.schema.json`` (the published JSON Schema) and ``docs/nodes.md``. The registry is
that of the installed native module, so build it first.

Usage: generate_docs.py [--check]

With --check nothing is written: names the files that differ, exit code 1 if there are any.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

INTRODUCTION = """\
# Node types

<!-- Written by tools/generate_docs.py. To change it, edit a type beside its code in src/nodes. -->

Every node type of the SDK, as manifests and Python classes name it. `remotemedia nodes list` and
`remotemedia nodes describe TYPE` print the same.

- Classes of category *audio* are in `remotemedia.nodes.audio`, *general* in
  `remotemedia.nodes.general`, *media* in `remotemedia.nodes.media`, all of them in
  `remotemedia.nodes`. Every class also takes `name=`, `runtime_hint=` ("auto", "native",
  "python"), and what to do about [failures](reliability.md).
- **Runtimes**: *native* is C++; *python* is the fallback, or the only implementation.
- **Continuous**: the results of consecutive blocks continue each other as the blocks do, so that a
  file can be streamed and its results be joined.
- **May block**: it reads or writes files. **Repeatable**: the same item twice does no harm,
  so `retry` may be asked for.
- A parameter without a default must be given. Unknown parameters are errors, with the nearest known
  name. An alias and its name together are an error.
- **Joined** tells how the metadata of blocks become those of the whole clip, and of the chunks of
  `AudioBuffer`, which also turns seconds of the clip into seconds of its stream.
"""


def code(value: object) -> str:
    """Show a JSON value in a table cell."""
    return f"`{json.dumps(value)}`"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Give the lines of a Markdown table, with an empty line before and after it."""
    yield ""
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
    yield ""


def number(value: float) -> str:
    """Show a limit without a needless ``.0``."""
    return f"{value:g}" if value != int(value) else str(int(value))


def default_of(parameter: Mapping[str, Any]) -> str:
    """Show what a parameter is if it is not given."""
    if "default" in parameter:
        return code(parameter["default"])
    return code(None) if parameter.get("nullable") else "required"


def range_of(parameter: Mapping[str, Any]) -> str:
    """Show the values that a parameter takes."""
    if parameter.get("choices"):
        text = ", ".join(code(choice) for choice in parameter["choices"])
    elif "minimum" in parameter and "maximum" in parameter:
        text = f"{number(parameter['minimum'])}..{number(parameter['maximum'])}"
    elif "minimum" in parameter:
        text = f"at least {number(parameter['minimum'])}"
    else:
        text = {"boolean": "`true`, `false`", "path": "text", "string": "text"}.get(
            parameter["type"], "any"
        )
    unit = parameter.get("unit", "")
    text = f"{text} {unit}".strip()
    return f"{text}, or null" if parameter.get("nullable") else text


def name_of(parameter: Mapping[str, Any]) -> str:
    """Show a parameter's name and aliases."""
    aliases = parameter.get("aliases", [])
    also = f" (alias {', '.join(f'`{alias}`' for alias in aliases)})" if aliases else ""
    return f"`{parameter['name']}`{also}"


def ports(node_type: Mapping[str, Any], side: str) -> str:
    """Show what goes in or comes out."""
    if not node_type[side]:
        return "nothing"
    texts = []
    for port in node_type[side]:
        kinds = " or ".join(port["kinds"]) or "anything"
        texts.append(kinds if port["name"] == "default" else f"{kinds} (`{port['name']}`)")
    return ", ".join(texts)


def facts(node_type: Mapping[str, Any]) -> str:
    """Give the line of facts under a node's summary."""
    ends = "" if node_type["inputs"] else " (a source)"
    ends += "" if node_type["outputs"] else " (a sink)"
    flow = f"{ports(node_type, 'inputs')} in, {ports(node_type, 'outputs')} out{ends}"
    flags = {"continuous": "continuous", "offloaded": "may block", "repeatable": "repeatable"}
    parts = [
        f"*{node_type['category']}*",
        flow,
        f"runtimes: {', '.join(node_type['runtimes'])}",
        *(text for flag, text in flags.items() if node_type[flag]),
    ]
    if node_type["aliases"]:
        parts.append(f"alias {', '.join(f'`{alias}`' for alias in node_type['aliases'])}")
    return "; ".join(parts) + "."


def node_section(node_type: Mapping[str, Any]) -> Iterator[str]:
    """Give the lines about one type."""
    yield f"## {node_type['name']}"
    yield ""
    yield node_type["summary"]
    yield ""
    yield facts(node_type)
    parameters = node_type["parameters"]
    if parameters:
        yield from table(
            ("parameter", "type", "default", "values", ""),
            [
                (name_of(p), p["type"], default_of(p), range_of(p), p["description"])
                for p in parameters
            ],
        )
    else:
        yield ""
        yield "No parameters."
        yield ""
    refused = node_type["refused_parameters"]
    if refused:
        yield "Refused with a hint: " + ", ".join(f"`{r['name']}`" for r in refused) + "."
        yield ""
    if node_type["metadata"]:
        yield "Adds to the metadata of its results:"
        yield from table(
            ("field", "joined", ""),
            [(f"`{f['name']}`", f["merge"], f["description"]) for f in node_type["metadata"]],
        )


def nodes_page(node_types: Sequence[Mapping[str, Any]]) -> str:
    """Write docs/nodes.md."""
    lines = [INTRODUCTION]
    lines += table(
        ("type", "category", ""),
        [(f"[{t['name']}](#{t['name'].lower()})", t["category"], t["summary"]) for t in node_types],
    )
    for node_type in node_types:
        lines += node_section(node_type)
    return "\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n"


def as_json(value: object) -> str:
    """Write a JSON file."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def generated_files() -> dict[str, str]:
    """Give the text of every generated file, by its path in the tree."""
    from remotemedia import runtime

    native = runtime.native_module()
    node_types = native.node_types()
    return {
        "python/remotemedia/node_types.json": as_json(node_types),
        "docs/manifest.v1.schema.json": as_json(native.manifest_schema()),
        "docs/nodes.md": nodes_page(node_types),
    }


def different_files(root: Path) -> dict[str, str]:
    """Give the generated files whose committed text differs, with the text they should have."""
    return {
        name: text
        for name, text in generated_files().items()
        if not (root / name).is_file() or (root / name).read_text(encoding="utf-8") != text
    }


def main() -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description="Write the files made from the node registry.")
    parser.add_argument("--check", action="store_true", help="write nothing, compare only")
    check_only = parser.parse_args().check
    different = different_files(ROOT)
    for name, text in different.items():
        if check_only:
            print(f"{name}: not what tools/generate_docs.py writes; run it and commit the result")
        else:
            (ROOT / name).write_text(text, encoding="utf-8")
            print(f"{name}: written")
    if not different:
        print("generated files: up to date")
    return 1 if check_only and different else 0


if __name__ == "__main__":
    sys.exit(main())
