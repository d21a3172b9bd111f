"""What all Python tests share: the marker of tests that need the native module, and both runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "native_only: needs the native module; skipped without it")
    # Where the SDK runs from the source tree, its models are where tools/fetch_models.py puts them.
    import remotemedia

    if not (Path(remotemedia.__file__).parent / "models").is_dir():
        models = Path(__file__).resolve().parent.parent.parent / "build" / "models"
        os.environ.setdefault("REMOTEMEDIA_MODELS", str(models))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    from remotemedia import runtime

    loaded, _, reason = runtime.probe()
    forced = runtime.requested_runtime() == "python"
    if loaded and not forced:
        return
    text = "REMOTEMEDIA_RUNTIME=python" if forced else f"the native module cannot load: {reason}"
    for item in items:
        if item.get_closest_marker("native_only") is not None:
            item.add_marker(pytest.mark.skip(reason=text))


@pytest.fixture(params=[True, False], ids=["default", "use_rust_false"])
def use_rust(request: pytest.FixtureRequest) -> bool:
    """Run as the environment has it, and with every node in Python."""
    value: bool = request.param
    return value


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test of isolation no process runs that it has started, of whatever parent."""
    if not request.module.__name__.rpartition(".")[2].startswith("test_isolation"):
        yield
        return
    from processes import MARK, marked_processes, wait_for_ends

    os.environ[MARK] = str(os.getpid())
    yield
    if not hasattr(request.module, "SHARED_WORKERS"):
        left = marked_processes()
        try:
            wait_for_ends(left)
        except AssertionError:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            raise
