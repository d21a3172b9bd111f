"""How the tests run the installed program, and the files they give it."""

from __future__ import annotations

import ctypes
import json
import os
import struct
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
GRAPHS = ROOT / "examples" / "graphs"
SPEECH = GRAPHS / "speech.yaml"
UTTERANCES = GRAPHS / "utterances.yaml"
PROGRAM = os.environ.get("REMOTEMEDIA_PROGRAM") or str(Path(sys.executable).parent / "remotemedia")
TIMEOUT_S = 300

Int16 = NDArray[np.int16]


def environment(**variables: str) -> dict[str, str]:
    """The environment without our own variables, in a UTF-8 locale."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("REMOTEMEDIA_", "LC_"))}
    return {**kept, "LANG": "C.UTF-8", **variables}


def run(
    *arguments: str | Path,
    text: str = "",
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    before: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """The program with these arguments and `text` on its standard input."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        input=text,
        cwd=cwd,
        env=env or environment(),
        preexec_fn=before,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def output_of(*arguments: str | Path, **options: Any) -> str:
    """Standard output of a call that must work."""
    done = run(*arguments, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def json_of(*arguments: str | Path, **options: Any) -> Any:
    return json.loads(output_of(*arguments, "--json", **options))


def refused(code: int, *arguments: str | Path, **options: Any) -> str:
    """What the program says when it refuses: one paragraph, nothing on standard output."""
    done = run(*arguments, **options)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert done.stderr.startswith("remotemedia: ")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("remotemedia: ").rstrip("\n")


def without_override() -> None:
    """Before the program starts: file permissions hold for root too."""
    drop_from_bounding_set, dac_override, dac_read_search = 24, 1, 2
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (dac_override, dac_read_search):
        if os.geteuid() == 0 and libc.prctl(drop_from_bounding_set, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


def write_wav(path: Path, samples: Int16, rate: int) -> Path:
    """A 16-bit file; `samples` has the shape (channels, frames)."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[0])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.T.astype("<i2").tobytes())
    return path


def read_wav(path: Path) -> tuple[Int16, int]:
    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 2
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return data.reshape(-1, file.getnchannels()).T, file.getframerate()


def sparse_wav(path: Path, size: int, rate: int = 48_000, channels: int = 2) -> Path:
    """A 16-bit file of silence that takes no space on the disk."""
    frame = 2 * channels
    data = size // frame * frame
    form = struct.pack("<IHHIIHH", 16, 1, channels, rate, rate * frame, frame, 16)
    with path.open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 36 + data) + b"WAVEfmt " + form)
        file.write(b"data" + struct.pack("<I", data))
        file.truncate(44 + data)
    return path


def talk(rate: int = 16_000, channels: int = 1) -> Int16:
    """Three seconds: a loud tone from 0.5 to 1.2 s and from 2.0 to 2.6 s, silence around it."""
    time_s = np.arange(3 * rate) / rate
    voiced = ((time_s >= 0.5) & (time_s < 1.2)) | ((time_s >= 2.0) & (time_s < 2.6))
    tone = 0.4 * np.sin(2 * np.pi * 300 * time_s) * voiced
    return np.tile((tone * 32767).astype(np.int16), (channels, 1))


def graph(path: Path, nodes: list[dict[str, Any]], *connections: tuple[str, str]) -> Path:
    """A manifest file; each node is {"id", "node_type", ...}."""
    edges = [{"from": source, "to": target} for source, target in connections]
    manifest = {"version": "v1", "metadata": {"name": "test"}, "nodes": nodes, "connections": edges}
    path.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return path


def node(name: str, node_type: str = "PassThroughNode", **params: Any) -> dict[str, Any]:
    return {"id": name, "node_type": node_type, "params": params}
