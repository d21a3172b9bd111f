"""A node with its policy around it, in a Python session: the twin of the native decorator.

A packet's results leave when its call has succeeded, so that a failed attempt leaves nothing
behind. Only process is repeated or skipped.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from ._packet import Emit, Executor, NodeContext, Packet
from ._policy import BreakerPolicy, NodePolicy
from .exceptions import is_transient, open_circuit, retried_text

__all__ = ["CircuitBreaker", "Reliability", "Surroundings", "make_reliable"]

_LOG: Final = logging.getLogger("remotemedia")
_NS_PER_MS: Final = 1_000_000

BreakerState = Literal["closed", "open", "half_open"]


@dataclass
class Reliability:
    """What a reliable node counts; `attempt` is that of the call that runs or failed."""

    retries: int = 0
    drops: int = 0
    breaker: BreakerState | None = None
    attempt: int = 1

    def add_to(self, metrics: dict[str, Any]) -> dict[str, Any]:
        """Add it to what the session counted, for which a dropped packet was a success."""
        count = metrics["execution_count"]
        metrics["error_count"] += self.drops
        metrics["success_count"] = max(0, metrics["success_count"] - self.drops)
        metrics["success_rate"] = metrics["success_count"] / count if count else 0.0
        metrics |= {"retry_count": self.retries, "drop_count": self.drops}
        return metrics if self.breaker is None else metrics | {"breaker_state": self.breaker}


class Surroundings(NamedTuple):
    """What a session lends to its nodes.

    ``clock`` gives ns; ``wait`` takes seconds, and gives False once the session was cancelled.
    """

    clock: Callable[[], int]
    wait: Callable[[float], bool]
    cancelled: Callable[[], bool]
    random: Callable[[], float] = random.random


def make_reliable(
    executor: Executor, policy: NodePolicy, surroundings: Surroundings, counters: Reliability
) -> Executor:
    """Put the policy around an executor, if it asks for anything that happens here."""
    if policy.retry is None and policy.circuit_breaker is None and policy.on_error == "fail":
        return executor
    return _ReliableExecutor(executor, policy, surroundings, counters)


class CircuitBreaker:
    """Decides whether a node is called. Reads no clock: the time, in ns, is an argument."""

    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._failures = 0  # in a row
        self._opened_ns = 0
        self.state: BreakerState = "closed"

    def allows(self, now_ns: int) -> bool:
        """Whether a call may be made; an open breaker whose time is over allows one."""
        if self.state != "open":
            return True
        if now_ns - self._opened_ns < self._policy.reset_timeout_ms * _NS_PER_MS:
            return False
        self.state = "half_open"
        return True

    def succeed(self) -> None:
        """Take note of a call that succeeded."""
        self.state = "closed"
        self._failures = 0

    def fail(self, now_ns: int) -> bool:
        """Take note of a call that failed; True if that opened the breaker."""
        self._failures += 1
        if self.state == "closed" and self._failures < self._policy.failure_threshold:
            return False
        self.state = "open"
        self._opened_ns = now_ns
        return True


class _ReliableExecutor:
    def __init__(
        self,
        executor: Executor,
        policy: NodePolicy,
        surroundings: Surroundings,
        counters: Reliability,
    ) -> None:
        self._executor = executor
        self._policy = policy
        self._surroundings = surroundings
        self._counters = counters
        self._breaker = CircuitBreaker(policy.circuit_breaker) if policy.circuit_breaker else None
        self._node_id = self._node_type = ""
        self._show_breaker()

    def initialize(self, context: NodeContext) -> None:
        self._node_id, self._node_type = context.node_id, context.node_type
        self._executor.initialize(context)

    def process(self, packet: Packet, emit: Emit) -> None:
        self._counters.attempt = 1
        if not self._may_call():
            return
        results = self._results_of(packet)
        if results is None:
            return
        if self._breaker is not None:
            self._breaker.succeed()
            self._show_breaker()
        for result, port in results:
            if not emit(result, port):
                return

    def flush(self, emit: Emit) -> None:
        self._counters.attempt = 1
        self._executor.flush(emit)

    def cleanup(self) -> None:
        self._executor.cleanup()

    def _may_call(self) -> bool:
        if self._breaker is None:
            return True
        allowed = self._breaker.allows(self._surroundings.clock())
        self._show_breaker()
        if allowed:
            return True
        if self._policy.on_error == "fail":
            raise open_circuit(self._node_id)
        self._counters.drops += 1
        return False

    def _results_of(self, packet: Packet) -> list[tuple[Packet, int]] | None:
        """Give what the call emitted; None if the packet was dropped."""
        retry = self._policy.retry
        is_trial = self._breaker is not None and self._breaker.state == "half_open"
        most = retry.max_retries + 1 if retry is not None and not is_trial else 1
        while (results := self._attempt(packet, self._counters.attempt < most)) == "repeat":
            assert retry is not None
            delay_ms = retry.delay_ms(self._counters.attempt, self._surroundings.random())
            if not self._surroundings.wait(delay_ms / 1_000):
                self._counters.drops += 1  # nobody wants its results any more
                return None
            self._counters.retries += 1
            self._counters.attempt += 1
        return results

    def _attempt(
        self, packet: Packet, may_repeat: bool
    ) -> list[tuple[Packet, int]] | Literal["repeat"] | None:
        results: list[tuple[Packet, int]] = []

        def hold(result: Packet, port: int = 0) -> bool:
            results.append((result, port))
            return not self._surroundings.cancelled()

        try:
            self._executor.process(packet, hold)
        except Exception as error:
            # After a cancel the error is one of being cancelled, which no policy is about.
            if self._surroundings.cancelled():
                raise
            if may_repeat and is_transient(error):
                return "repeat"
            text = retried_text(error, self._counters.attempt)
            self._note_failure(text)
            if self._policy.on_error == "fail":
                raise  # the session names it
            self._drop(text)
            return None
        return results

    def _note_failure(self, text: str) -> None:
        if self._breaker is None:
            return
        if self._breaker.fail(self._surroundings.clock()):
            opened = open_circuit(self._node_id)
            _LOG.warning("%s: %s; last failure: %s", self._label, opened, text)
        self._show_breaker()

    def _drop(self, text: str) -> None:
        # One line says what goes wrong; a node that fails often must not fill the log.
        self._counters.drops += 1
        if self._counters.drops == 1:
            _LOG.warning(
                "%s failed in process; the packet is dropped, further ones are only counted: %s",
                self._label,
                text,
                exc_info=True,
            )

    def _show_breaker(self) -> None:
        if self._breaker is not None:
            self._counters.breaker = self._breaker.state

    @property
    def _label(self) -> str:
        return f"node '{self._node_id}' ({self._node_type})"
