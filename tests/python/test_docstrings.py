"""The examples in docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import remotemedia


def modules() -> list[str]:
    found = pkgutil.walk_packages(remotemedia.__path__, "remotemedia.")
    return ["remotemedia", *(m.name for m in found if not m.name.endswith("._native"))]


@pytest.mark.parametrize("name", modules())
def test_examples_run(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    names = ("remotemedia", "remotemedia.pipeline", "remotemedia.session", "remotemedia.node")
    for name in names:
        assert any(test.examples for test in finder.find(importlib.import_module(name))), name
