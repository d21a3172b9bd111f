"""What a session does about failures of a node, and about items that come too fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["BreakerPolicy", "NodePolicy", "NodeQueue", "OnError", "QueuePolicy", "RetryPolicy"]

OnError = Literal["fail", "skip"]
QueuePolicy = Literal["block", "drop_oldest", "coalesce"]

# Most that a policy may ask for; the time is one day.
MAX_POLICY_MS: Final = 86_400_000
MAX_RETRIES: Final = 100
MAX_RETRY_MULTIPLIER: Final = 100
MAX_FAILURE_THRESHOLD: Final = 1_000_000
MAX_QUEUE_CAPACITY: Final = 1_000_000


@dataclass(frozen=True)
class RetryPolicy:
    """Repeats a call that failed for a reason that may pass.

    The wait before retry n (from 1) is ``initial_delay_ms * multiplier**(n - 1)``, at most
    ``max_delay_ms``; with ``jitter`` a random part of it, from a half to the whole.
    """

    max_retries: int = 3
    initial_delay_ms: int = 100
    multiplier: float = 2.0
    max_delay_ms: int = 400
    jitter: bool = False

    def delay_ms(self, retry: int, random: float) -> float:
        """Give the wait before a retry, which counts from 1; `random` is from [0, 1)."""
        delay = min(self.initial_delay_ms * self.multiplier ** (retry - 1), self.max_delay_ms)
        return delay * (1 + random) / 2 if self.jitter else delay


@dataclass(frozen=True)
class BreakerPolicy:
    """Stops calling a node after so many failed packets in a row, and tries again after a time."""

    failure_threshold: int = 5
    reset_timeout_ms: int = 30_000


@dataclass(frozen=True)
class NodeQueue:
    """What a node asks of its own queue, if it has a lane; the session says the rest."""

    capacity: int | None = None
    policy: QueuePolicy | None = None


@dataclass(frozen=True)
class NodePolicy:
    """The policy of one node; nothing of it by default."""

    retry: RetryPolicy | None = None
    circuit_breaker: BreakerPolicy | None = None
    timeout_ms: int | None = None
    on_error: OnError = "fail"
    queue: NodeQueue = NodeQueue()
