"""What a node asks of its session beside its parameters: read from manifests and arguments.

The twin of the native reader, with its messages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, Final, NoReturn, TypeVar

from ._document import document_of
from ._manifest_fields import Fields
from ._messages import shown
from ._policy import (
    MAX_FAILURE_THRESHOLD,
    MAX_POLICY_MS,
    MAX_QUEUE_CAPACITY,
    MAX_RETRIES,
    MAX_RETRY_MULTIPLIER,
    BreakerPolicy,
    NodePolicy,
    NodeQueue,
    RetryPolicy,
)
from .exceptions import refuse_argument

__all__ = ["POLICY_FIELDS", "policy_of_arguments", "policy_to_dict", "read_policy"]

P = TypeVar("P")

POLICY_FIELDS: Final = ("retry", "circuit_breaker", "timeout_ms", "on_error", "queue")
CONFIG_FIELDS: Final = ("retry_policy", "max_retries", "circuit_breaker_threshold")
_EXPONENTIAL_CAP_MS: Final = 30_000


def read_policy(node: Fields) -> NodePolicy:
    """Read the policy of a node."""
    policy = NodePolicy(
        retry=_read_switch(node, "retry", RetryPolicy, _read_retry),
        circuit_breaker=_read_switch(node, "circuit_breaker", BreakerPolicy, _read_breaker),
        timeout_ms=node.integer_or("timeout_ms", None, 1, MAX_POLICY_MS),
    )
    node.check_choice("on_error", "fail", "skip")
    return replace(policy, on_error=node.find("on_error", "fail"), queue=_read_queue(node))


def read_default_policy(config: Fields) -> NodePolicy:
    """Read what the second dialect's ``config`` says of all nodes."""
    policy = NodePolicy()
    config.check_choice("retry_policy", "none", "fixed", "exponential")
    if "max_retries" in config or "retry_policy" in config:
        retries = config.integer_or("max_retries", RetryPolicy.max_retries, 0, MAX_RETRIES)
        retry = RetryPolicy(max_retries=retries)
        kind = config.find("retry_policy")
        if kind == "fixed":
            retry = replace(retry, multiplier=1.0)
        if kind == "exponential":
            retry = replace(retry, max_delay_ms=_EXPONENTIAL_CAP_MS)
        if kind != "none":
            policy = replace(policy, retry=retry)
    threshold = config.integer_or("circuit_breaker_threshold", None, 1, MAX_FAILURE_THRESHOLD)
    if threshold is not None:
        policy = replace(policy, circuit_breaker=BreakerPolicy(failure_threshold=threshold))
    return policy


def policy_of_arguments(subject: str, arguments: dict[str, Any]) -> NodePolicy:
    """Read the arguments of a node, `subject` for messages."""
    return read_policy(_Arguments(subject, arguments))


def policy_to_dict(policy: NodePolicy) -> dict[str, Any]:
    """Give the fields that differ from none at all."""
    fields: dict[str, Any] = {}
    if policy.retry is not None:
        fields["retry"] = asdict(policy.retry)
    if policy.circuit_breaker is not None:
        fields["circuit_breaker"] = asdict(policy.circuit_breaker)
    if policy.timeout_ms is not None:
        fields["timeout_ms"] = policy.timeout_ms
    if policy.on_error != "fail":
        fields["on_error"] = policy.on_error
    queue = {name: value for name, value in asdict(policy.queue).items() if value is not None}
    return fields | {"queue": queue} if queue else fields


class _Arguments(Fields):
    """Arguments of a node instead of an object of a manifest."""

    def __init__(self, subject: str, given: dict[str, Any]) -> None:
        super().__init__(document_of({}), given, "", subject)
        self._subject = subject

    def object(self, name: str, what: str) -> Fields:
        given = self.members[name]
        if not isinstance(given, dict):
            self.refuse(f"{what} must be an object, not {shown(given)}")
        inner = _Arguments(self._subject, given)
        inner._what = what
        return inner

    def refuse(self, message: str, hint: str = "") -> NoReturn:
        refuse_argument(f"{self._subject}: {message}", hint)

    def refuse_field(self, name: str, message: str, hint: str = "") -> NoReturn:
        self.refuse(message, hint)


def _read_switch(
    node: Fields, name: str, kind: Callable[[], P], read: Callable[[Fields], P]
) -> P | None:
    """Read a policy that is an object, or true for its defaults."""
    if name not in node:
        return None
    value = node.find(name)
    if value is True:
        return kind()
    if not isinstance(value, dict):
        node.refuse_value(name, "true or an object")
    return read(node.object(name, name))


def _read_retry(fields: Fields) -> RetryPolicy:
    fields.allow_only("max_retries", "initial_delay_ms", "multiplier", "max_delay_ms", "jitter")
    default = RetryPolicy()
    retry = RetryPolicy(
        fields.integer_or("max_retries", default.max_retries, 0, MAX_RETRIES),
        fields.integer_or("initial_delay_ms", default.initial_delay_ms, 0, MAX_POLICY_MS),
        fields.number_or("multiplier", default.multiplier, 1, MAX_RETRY_MULTIPLIER),
        fields.integer_or("max_delay_ms", default.max_delay_ms, 0, MAX_POLICY_MS),
        fields.find("jitter", default.jitter),
    )
    fields.check_bool("jitter")
    if retry.max_delay_ms < retry.initial_delay_ms:
        fields.refuse(
            f"'max_delay_ms' is {retry.max_delay_ms}, expected at least initial_delay_ms, "
            f"which is {retry.initial_delay_ms}",
            "give both",
        )
    return retry


def _read_queue(node: Fields) -> NodeQueue:
    if "queue" not in node:
        return NodeQueue()
    fields = node.object("queue", "queue")
    fields.allow_only("capacity", "policy")
    capacity = fields.integer_or("capacity", None, 1, MAX_QUEUE_CAPACITY)
    fields.check_choice("policy", "block", "drop_oldest", "coalesce")
    return NodeQueue(capacity, fields.find("policy"))


def _read_breaker(fields: Fields) -> BreakerPolicy:
    fields.allow_only("failure_threshold", "reset_timeout_ms")
    default = BreakerPolicy()
    return BreakerPolicy(
        fields.integer_or("failure_threshold", default.failure_threshold, 1, MAX_FAILURE_THRESHOLD),
        fields.integer_or("reset_timeout_ms", default.reset_timeout_ms, 0, MAX_POLICY_MS),
    )
