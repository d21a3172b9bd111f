"""Recordings of speech, and what ONNX Runtime gives for them."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = ROOT / "tests" / "data"
MODELS = ROOT / "build" / "models"

Floats = NDArray[np.float32]


class Recording(NamedTuple):
    name: str
    rate: int
    samples: Floats
    probabilities: Floats


def maker() -> ModuleType:
    """Import the script that wrote the file of probabilities."""
    spec = importlib.util.spec_from_file_location(
        "make_silero_probabilities", DATA / "make_silero_probabilities.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@lru_cache(maxsize=1)
def recordings() -> list[Recording]:
    """All recordings at both rates, with the committed probabilities."""
    script = maker()
    paths = {path.name: path for path in script.recordings()}
    found = []
    for line in (DATA / "silero_probabilities.txt").read_text(encoding="ascii").splitlines():
        name, rate, *values = line.split()
        samples = script.samples_of(paths[name], int(rate))
        found.append(Recording(name, int(rate), samples, np.array(values, np.float32)))
    return found


def speech(rate: int = 16_000) -> Floats:
    """All recordings of a rate, one after another."""
    return np.concatenate([r.samples for r in recordings() if r.rate == rate])
