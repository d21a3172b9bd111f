"""What scripts for the earlier SDK call, with the answers that it promised."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import subprocess
import sys
from datetime import datetime
from typing import Any

import numpy as np
import pytest

import remotemedia
from remotemedia import Node, Pipeline, runtime
from remotemedia.nodes.audio import AudioResampleNode, FormatConverterNode, VADNode
from signals import tone, tone_level_db

FREQUENCY_HZ = 1_000.0
LEVEL_DB = 20 * np.log10(0.5)
X = {"audio_data": tone(FREQUENCY_HZ), "sample_rate": 48_000}
FORCED_PYTHON = runtime.requested_runtime() == "python"


def resample(hint: str, use_rust: bool = True) -> tuple[Any, str]:
    """Run X to 16 kHz as those scripts do; gives the result and the runtime of the node."""
    pipeline = Pipeline(enable_metrics=True)
    pipeline.add_node(AudioResampleNode(target_rate=16_000, quality="high", runtime_hint=hint))
    result = asyncio.run(pipeline.run(X, use_rust=use_rust))
    return result, runtime_of(pipeline)


def runtime_of(pipeline: Pipeline) -> str:
    metrics = pipeline.get_metrics()
    assert metrics is not None
    return str(metrics["node_metrics"][0]["runtime"])


def assert_good(result: Any) -> None:
    assert set(result) == {"audio_data", "sample_rate"}
    assert result["sample_rate"] == 16_000
    assert result["audio_data"].dtype == np.float32
    assert result["audio_data"].shape == (1, 16_000)
    level_db = tone_level_db(result["audio_data"], FREQUENCY_HZ, 16_000)
    assert level_db == pytest.approx(LEVEL_DB, abs=0.1)
    # nothing but the tone is there
    rms_db = 20 * np.log10(np.std(result["audio_data"][0, 4_000:12_000]) * np.sqrt(2))
    assert rms_db == pytest.approx(level_db, abs=0.01)


def module_imports() -> bool:
    try:
        importlib.import_module("remotemedia._native")
    except ImportError:
        return False
    return True


def hide_native_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the loader fail, as on a machine where the module lacks a library."""
    monkeypatch.delenv(runtime.RUNTIME_VARIABLE, raising=False)
    monkeypatch.setattr(remotemedia, "_rust_runtime", None)
    monkeypatch.setattr(remotemedia, "_rust_runtime_available", None)
    monkeypatch.setattr(
        remotemedia, "try_load_rust_runtime", lambda: (False, None, "libmissing.so: not found")
    )


@pytest.mark.filterwarnings("ignore:Rust runtime unavailable:UserWarning")
def test_01_availability_is_a_bool_and_says_whether_the_module_imports() -> None:
    available = remotemedia.is_rust_runtime_available()
    assert type(available) is bool
    assert available == module_imports()
    assert remotemedia.is_native_runtime_available() == available


def test_02_loading_gives_the_module_or_the_reason() -> None:
    loaded, module, reason = remotemedia.try_load_rust_runtime()
    assert loaded == module_imports()
    if loaded:
        assert module is not None
        assert module.__version__ == remotemedia.__version__
        assert reason is None
    else:
        assert module is None
        assert reason


def test_02_loading_that_fails_gives_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remotemedia, "_rust_runtime", None)
    monkeypatch.setattr(remotemedia, "_rust_runtime_available", None)
    monkeypatch.setitem(sys.modules, "remotemedia._native", None)  # any import of it fails
    loaded, module, reason = remotemedia.try_load_rust_runtime()
    assert not loaded
    assert module is None
    assert reason is not None
    assert "_native" in reason


def test_03_the_module_is_the_same_object_each_time() -> None:
    module = remotemedia.get_rust_runtime()
    assert module is remotemedia.get_rust_runtime()
    assert (module is not None) == module_imports()


@pytest.mark.native_only
def test_04_auto_runs_native() -> None:
    result, ran_on = resample("auto")
    assert_good(result)
    assert ran_on == "native"


@pytest.mark.native_only
def test_05_rust_is_native_with_the_same_bits() -> None:
    result, ran_on = resample("rust")
    assert_good(result)
    assert ran_on == "native"
    assert np.array_equal(result["audio_data"], resample("auto")[0]["audio_data"])


def test_06_python_runs_python() -> None:
    result, ran_on = resample("python", use_rust=False)
    assert_good(result)
    assert ran_on == "python"


def test_07_patched_availability_leads_to_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remotemedia, "is_rust_runtime_available", lambda: False)
    result, ran_on = resample("auto")
    assert_good(result)
    assert ran_on == "python"


@pytest.mark.parametrize("hint", ["auto", "rust"])
def test_08_a_loader_that_fails_warns_with_the_reason_and_python_runs(
    monkeypatch: pytest.MonkeyPatch, hint: str
) -> None:
    hide_native_module(monkeypatch)
    expected = "Rust runtime unavailable, falling back to Python execution: libmissing.so"
    with pytest.warns(UserWarning, match=expected):
        result, ran_on = resample(hint)
    assert_good(result)
    assert ran_on == "python"


@pytest.mark.native_only
def test_09_both_runtimes_give_the_same_signal_without_a_shift() -> None:
    native = resample("rust")[0]["audio_data"]
    fallback = resample("python")[0]["audio_data"]
    assert native.shape == fallback.shape
    assert native.dtype == fallback.dtype
    by_shift = {
        shift: np.corrcoef(native[0, 8:-8], np.roll(fallback[0], shift)[8:-8])[0, 1]
        for shift in (-2, -1, 0, 1, 2)
    }
    assert max(by_shift, key=by_shift.__getitem__) == 0
    assert by_shift[0] > 0.999


@pytest.mark.parametrize("hint", ["auto", "rust", "python"])
@pytest.mark.parametrize(("amplitude", "speech_frames"), [(0.5, 33), (0.0, 0)])
def test_10_speech_frames_are_counted(hint: str, amplitude: float, speech_frames: int) -> None:
    item = {"audio_data": tone(440.0, 16_000, amplitude=amplitude), "sample_rate": 16_000}
    pipeline = Pipeline([VADNode(frame_duration_ms=30, threshold=0.02, runtime_hint=hint)])
    metadata = asyncio.run(pipeline.run(item))["metadata"]
    assert metadata["is_speech"] is (speech_frames > 0)
    assert metadata["speech_frames"] == speech_frames
    assert metadata["total_frames"] == 33


@pytest.mark.native_only
def test_10_both_runtimes_give_the_same_answer_for_each_frame() -> None:
    item = (tone(440.0, 16_000), 16_000)
    answers = [
        asyncio.run(Pipeline([VADNode(threshold=0.02, runtime_hint=hint)]).run(item))[2]
        for hint in ("rust", "python")
    ]
    assert answers[0] == answers[1]


def test_11_auto_hint_and_all_parameters_are_in_the_manifest() -> None:
    node = AudioResampleNode(target_rate=8_000, quality="low", runtime_hint="auto")
    assert node.runtime_hint == "auto"
    written = json.loads(Pipeline([node]).serialize())["nodes"][0]
    assert written["runtime_hint"] == "auto"
    rest = {"quality": "low", "mono": False, "mode": "live"}
    assert written["params"] == {"target_sample_rate": 8_000, **rest}


def test_12_python_hint_runs_python() -> None:
    node = VADNode(runtime_hint="python")
    assert node.runtime_hint == "python"
    pipeline = Pipeline([node], enable_metrics=True)
    asyncio.run(pipeline.run((tone(440.0, 16_000), 16_000)))
    assert runtime_of(pipeline) == "python"


def test_13_rust_hint_is_kept_and_means_native() -> None:
    node = FormatConverterNode(target_format="i16", runtime_hint="rust")
    assert node.runtime_hint == "rust"
    pipeline = Pipeline([node], enable_metrics=True)
    assert json.loads(pipeline.serialize())["nodes"][0]["runtime_hint"] == "native"


@pytest.mark.native_only
def test_13_rust_hint_runs_native() -> None:
    node = FormatConverterNode(target_format="i16", runtime_hint="rust")
    pipeline = Pipeline([node], enable_metrics=True)
    converted, _ = asyncio.run(pipeline.run((tone(), 48_000)))
    assert converted.dtype == np.int16
    assert runtime_of(pipeline) == "native"


BLOCKED = """
import asyncio, sys
sys.modules["remotemedia._native"] = None
import numpy as np
from remotemedia import Pipeline, is_rust_runtime_available
from remotemedia.nodes.audio import AudioResampleNode
x = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(48000) / 48000)).astype(np.float32)[np.newaxis]
item = {"audio_data": x, "sample_rate": 48000}
pipeline = Pipeline([AudioResampleNode(target_rate=16000, runtime_hint="python")])
np.save(sys.argv[1], asyncio.run(pipeline.run(item, use_rust=False))["audio_data"])
assert not is_rust_runtime_available()
"""


def test_14_python_works_with_no_native_module_at_all(tmp_path: Any) -> None:
    path = str(tmp_path / "result.npy")
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, path],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = np.load(path)
    assert_good({"audio_data": result, "sample_rate": 16_000})
    assert np.array_equal(result, resample("python", use_rust=False)[0]["audio_data"])


@pytest.mark.filterwarnings("ignore:Rust runtime unavailable:UserWarning")
def test_15_a_plain_run_gives_the_bits_of_the_runtime_it_chose() -> None:
    result, ran_on = resample("auto")
    assert_good(result)
    same = resample("rust" if ran_on == "native" else "python")[0]
    assert np.array_equal(result["audio_data"], same["audio_data"])
    assert ran_on == ("native" if module_imports() and not FORCED_PYTHON else "python")


# --- manifests


def test_manifest_has_ids_of_name_and_position_version_and_utc_date() -> None:
    pipeline = Pipeline([VADNode(name="My VAD!"), FormatConverterNode()], name="call")
    manifest = json.loads(pipeline.serialize(description="of a call"))
    assert manifest["version"] == "v1"
    assert manifest["metadata"]["name"] == "call"
    assert manifest["metadata"]["description"] == "of a call"
    created_at = manifest["metadata"]["created_at"]
    assert created_at.endswith("Z")
    assert datetime.fromisoformat(created_at.replace("Z", "+00:00")).tzinfo is not None
    assert [node["id"] for node in manifest["nodes"]] == ["My_VAD__0", "FormatConverterNode_1"]
    assert manifest["connections"] == [{"from": "My_VAD__0", "to": "FormatConverterNode_1"}]


def test_manifest_has_capabilities_only_where_a_node_declares_them() -> None:
    class NeedsMemory(Node):
        def process(self, data: Any) -> Any:
            return data

        def get_capabilities(self) -> dict[str, Any]:
            return {"memory_gb": 2}

    pipeline = Pipeline([VADNode(), NeedsMemory()])
    plain, needing = json.loads(pipeline.serialize())["nodes"]
    assert "capabilities" not in plain
    assert needing["capabilities"] == {"memory_gb": 2}
    without = json.loads(pipeline.serialize(include_capabilities=False))["nodes"]
    assert all("capabilities" not in node for node in without)


def test_manifest_of_an_empty_pipeline_has_no_nodes() -> None:
    assert json.loads(Pipeline().serialize())["nodes"] == []
