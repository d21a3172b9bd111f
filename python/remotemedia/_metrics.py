"""What a Python session measures; the names are those of the native session."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ._latency import LatencyHistogram
from ._memory_account import MemoryAccount

__all__ = ["Measured", "NodeMetrics", "peak_memory_bytes"]


class Measured:
    """What a run or a session has measured, made a dict when somebody asks for it."""

    __slots__ = ("_dict", "_make")

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._dict: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give it as users see it; the same dict each time."""
        if self._dict is None:
            self._dict = self._make()
        return self._dict

    def to_json(self) -> str:
        """Give it as JSON text, which a native session writes without a dict."""
        write: Callable[[], str] | None = getattr(self._make, "to_json", None)
        if write is not None:
            return write()
        return json.dumps(self.to_dict(), separators=(",", ":"), ensure_ascii=False)


@dataclass
class NodeMetrics:
    """Counts, times and memory of one node.

    The total is of process and flush, minimum, maximum and distribution are of process.
    """

    node_id: str
    node_type: str
    runtime: str
    runtime_reason: str
    execution_count: int = 0
    success_count: int = 0
    error_count: int = 0
    total_ns: int = 0
    min_ns: int = 0
    max_ns: int = 0
    durations: LatencyHistogram = field(default_factory=LatencyHistogram)
    memory: MemoryAccount = field(default_factory=MemoryAccount)

    def to_dict(self) -> dict[str, Any]:
        """Give the values as users see them; rate and average are 0 when nothing ran."""
        count = self.execution_count
        total_us = self.total_ns / 1_000
        latency = self.durations.summary()

        def exact_us(quantile_ns: int) -> float:
            # The middle of a bucket may lie outside of what was measured, which is known exactly.
            return min(max(quantile_ns, self.min_ns), self.max_ns) / 1_000

        return {
            "node_id": self.node_id,
            "node_type": self.node_type,
            "runtime": self.runtime,
            "runtime_reason": self.runtime_reason,
            "execution_count": count,
            "success_count": self.success_count,
            "error_count": self.error_count,
            "success_rate": self.success_count / count if count else 0.0,
            "total_duration_us": total_us,
            "avg_duration_us": total_us / count if count else 0.0,
            "min_duration_us": self.min_ns / 1_000,
            "max_duration_us": self.max_ns / 1_000,
            "p50_duration_us": exact_us(latency.p50_ns),
            "p95_duration_us": exact_us(latency.p95_ns),
            "p99_duration_us": exact_us(latency.p99_ns),
            "p999_duration_us": exact_us(latency.p999_ns),
            "duration_bucket_counts": latency.bucket_counts,
            "allocated_bytes": self.memory.total_bytes,
            "peak_memory_bytes": self.memory.peak_bytes,
        }


def peak_memory_bytes() -> int:
    """Give the most memory that this process has had; 0 where the platform does not tell."""
    # ru_maxrss survives exec on Linux: it may be that of the program that started this one.
    with suppress(OSError), open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes elsewhere
