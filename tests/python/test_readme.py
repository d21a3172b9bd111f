"""What the README says can be done as it stands there."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
# Each Python block is followed by what it prints.
PROGRAMS = [
    (code, printed)
    for (kind, code), (next_kind, printed) in itertools.pairwise(BLOCKS)
    if kind == "python" and next_kind == "text"
]
COMMANDS = sorted(set(re.findall(r"^remotemedia (\w+)", README, re.MULTILINE)))


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_the_first_example_has_about_fifteen_lines() -> None:
    lines = [line for line in BLOCKS[0][1].splitlines() if line.strip()]
    assert BLOCKS[0][0] == "python"
    assert len(lines) <= 15


def test_every_python_block_says_what_it_prints() -> None:
    assert len(PROGRAMS) == sum(kind == "python" for kind, _ in BLOCKS)


@pytest.mark.parametrize(("code", "printed"), PROGRAMS)
def test_python_examples_print_what_the_readme_shows(code: str, printed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed


def test_the_manifest_is_a_graph(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    from remotemedia import Pipeline

    texts = [text for kind, text in BLOCKS if kind == "yaml"]
    assert len(texts) == 1
    path = tmp_path / "graph.yaml"
    path.write_text(texts[0], encoding="utf-8")
    assert [node.name for node in Pipeline.from_file(path)] == ["rate", "vad", "pcm"]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\[[^]]*\]\(([^)#]+)\)", README))))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", " ".join(re.findall(r"`[^`\n]+`", README))))
    named |= set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE))
    assert {"run", "test", "bench", "lint"} <= named
    assert named <= targets


def test_named_folders_exist() -> None:
    layout = README.split("## Layout")[1].split("##")[0]
    names = re.findall(r"`([\w./-]+)`", layout)
    assert names
    assert [name for name in names if not (ROOT / name).is_dir()] == []


@pytest.mark.native_only
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_program_exist(command: str) -> None:
    program = Path(sysconfig.get_path("scripts")) / "remotemedia"
    done = subprocess.run(
        [program, command, "--help"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    for line in re.findall(rf"^remotemedia {command} .*", README, re.MULTILINE):
        for option in re.findall(r"(?<= )--?[a-z]+", line):
            assert option in done.stdout
