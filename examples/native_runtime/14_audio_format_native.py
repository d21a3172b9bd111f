"""Convert between sample formats, on native code and on the Python fallback.

Run it without arguments for a test signal, or with the path of an audio file.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray

from remotemedia import Pipeline, audio
from remotemedia.nodes.audio import FormatConverterNode

RATE = 16_000


def loud_tone() -> tuple[NDArray[np.float32], int]:
    """Half a second of a tone 20 % too loud, which the integer formats have to clamp."""
    tone = 1.2 * np.sin(2 * np.pi * 440 * np.arange(RATE // 2) / RATE)
    return tone[np.newaxis].astype(np.float32), RATE


def convert(samples: NDArray[np.generic], rate: int, target: str, hint: str) -> NDArray[np.generic]:
    """One conversion through a pipeline; prints where it ran and the range that came out."""
    node = FormatConverterNode(target_format=target, runtime_hint=hint)
    pipeline = Pipeline([node], enable_metrics=True)
    result, _ = pipeline.run_sync((samples, rate))
    ran_on = pipeline.get_metrics()["node_metrics"][0]["runtime"]
    print(
        f"{samples.dtype} -> {target} hint={hint:<6} ran={ran_on:<6} dtype={result.dtype} "
        f"min={result.min()} max={result.max()}"
    )
    return result


def int16_survivors(hint: str) -> int:
    """How many of the 65,536 values of int16 come back from float32 unchanged."""
    every_value = np.arange(-32768, 32768, dtype=np.int16)[np.newaxis]
    as_float = convert(every_value, RATE, "f32", hint)
    return int(np.count_nonzero(convert(as_float, RATE, "i16", hint) == every_value))


def main() -> None:
    """Each format with each hint, then the int16 round trip."""
    samples, rate = audio.read(sys.argv[1]) if len(sys.argv) > 1 else loud_tone()
    for target in ("f32", "i16", "i32"):
        results = [convert(samples, rate, target, hint) for hint in ("auto", "native", "python")]
        same = all(np.array_equal(results[0], other) for other in results[1:])
        print(f"{target}: runtimes agree bit for bit: {same}")
    for hint in ("native", "python"):
        print(f"int16 round trip hint={hint}: {int16_survivors(hint)} of 65536 values unchanged")


if __name__ == "__main__":
    main()
