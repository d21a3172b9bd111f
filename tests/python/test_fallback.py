"""Without the native module the same scripts run, and say that they do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# Makes every import of the native module fail, wherever it is installed.
BLOCK = """
import importlib.abc, sys
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "remotemedia._native":
            raise ImportError("libsndfile.so.1: cannot open shared object file")
sys.meta_path.insert(0, Blocker())
"""


def run_without_native(
    code: str, *arguments: str, options: tuple[str, ...] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    variables = {k: v for k, v in os.environ.items() if k != "REMOTEMEDIA_RUNTIME"}
    return subprocess.run(
        [sys.executable, *options, "-c", BLOCK + code, *arguments],
        env={**variables, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


CHAIN = """
import json, numpy as np
from remotemedia import Pipeline
from remotemedia.nodes.audio import AudioResampleNode, FormatConverterNode, VADNode
pipeline = Pipeline(
    [AudioResampleNode(), VADNode(runtime_hint="rust"), FormatConverterNode(target_format="i16")],
    enable_metrics=True,
)
tone = (0.5 * np.sin(np.arange(48_000) * 0.05)).astype(np.float32)
samples, rate, metadata = pipeline.run_sync((tone, 48_000))
nodes = pipeline.get_metrics()["node_metrics"]
print(json.dumps([
    str(samples.dtype), samples.shape, rate, metadata["total_frames"], metadata["is_speech"],
    [[node["runtime"], node["runtime_reason"]] for node in nodes],
]))
"""


def test_a_chain_runs_in_python_and_warns_with_the_reason() -> None:
    done = run_without_native(CHAIN)
    assert done.returncode == 0, done.stderr
    *facts, nodes = json.loads(done.stdout)
    assert facts == ["int16", [16_000], 16_000, 33, True]
    assert nodes == [["python", "native module unavailable"]] * 3
    assert "UserWarning: Rust runtime unavailable, falling back to Python execution" in done.stderr
    assert "libsndfile.so.1: cannot open shared object file" in done.stderr
    assert done.stderr.count("Rust runtime unavailable") == 1


def test_nothing_is_warned_about_where_python_was_asked_for() -> None:
    done = run_without_native(CHAIN, options=("-W", "error"), REMOTEMEDIA_RUNTIME="python")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[-1] == [["python", "REMOTEMEDIA_RUNTIME=python"]] * 3


def test_fallback_can_be_forbidden() -> None:
    done = run_without_native(CHAIN, REMOTEMEDIA_ENABLE_FALLBACK="false")
    assert done.returncode == 1
    assert "the native module cannot load and REMOTEMEDIA_ENABLE_FALLBACK is false" in done.stderr
    assert "libsndfile.so.1" in done.stderr


EVERYTHING = """
import asyncio, sys, wave
import numpy as np
from remotemedia import Pipeline, nodes
path, out = sys.argv[1:]
with wave.open(path, "wb") as file:
    file.setnchannels(2), file.setsampwidth(2), file.setframerate(48_000)
    file.writeframes(bytes(4 * 48_000))
chain = Pipeline.from_manifest('''{
    "version": "v1", "metadata": {"name": "all"},
    "nodes": [
        {"id": "in", "node_type": "MediaReaderNode", "params": {"path": "%s"}},
        {"id": "mix", "node_type": "AudioTransform", "params": {"output_channels": 1}},
        {"id": "vad", "node_type": "VADNode"},
        {"id": "cut", "node_type": "AudioBuffer", "params": {"buffer_size_samples": 441}},
        {"id": "i16", "node_type": "FormatConverterNode", "params": {"target_format": "i16"}},
        {"id": "out", "node_type": "MediaWriterNode", "params": {"output_path": "%s"}}
    ],
    "connections": [{"from": "in", "to": "mix"}, {"from": "mix", "to": "vad"},
                    {"from": "vad", "to": "cut"}, {"from": "cut", "to": "i16"},
                    {"from": "i16", "to": "out"}]
}''' % (path, out))
assert chain.run_sync() is None
with wave.open(out) as file:
    print(file.getparams()[:4])
print(Pipeline([nodes.ExtractAudioDataNode()]).run_sync(path).shape)

async def stream():
    pipeline = Pipeline([nodes.BufferNode(buffer_size=2), nodes.PassThroughNode()])
    async with pipeline.session() as session:
        for number in range(3):
            await session.push(number)
        await session.finish()
        print([item async for item in session])

asyncio.run(stream())
"""


def test_files_manifests_and_sessions_work_without_the_module(tmp_path: Path) -> None:
    paths = str(tmp_path / "in.wav"), str(tmp_path / "out.wav")
    done = run_without_native(EVERYTHING, *paths, options=("-W", "ignore"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["(1, 2, 44100, 44100)", "(96000,)", "[[0, 1], [2]]"]


def test_the_module_is_tried_again_after_a_failure() -> None:
    code = """
import importlib, warnings
import remotemedia
warnings.simplefilter("ignore")
assert not remotemedia.is_rust_runtime_available()
sys.meta_path.pop(0)
try:
    importlib.import_module("remotemedia._native")
except ImportError:
    present = False
else:
    present = True
assert remotemedia.is_rust_runtime_available() == present
"""
    done = run_without_native(code)
    assert done.returncode == 0, done.stderr
