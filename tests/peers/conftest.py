"""Peers that are not ours: they talk to programs of the C++ build over the loopback interface."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def endpoint_program() -> Path:
    """Our endpoint as a process, from the build of `make cpp-test` or of REMOTEMEDIA_BUILD."""
    build = Path(os.environ.get("REMOTEMEDIA_BUILD", ROOT / "build/release"))
    program = build / "tests/rtc/endpoint_program"
    if not program.exists():
        pytest.fail(f"{program} is missing: run `make cpp-test`, or set REMOTEMEDIA_BUILD")
    return program
