"""State that a node keeps per session."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from .exceptions import refuse

__all__ = ["SessionState", "StateManager"]

Clock = Callable[[], datetime]

DEFAULT_TTL: Final = timedelta(hours=24)
_SWEEP_INTERVAL: Final = timedelta(minutes=5)


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass
class SessionState:
    """What a node remembers of one session.

    Attributes
    ----------
    session_id : str
    data : dict
        The values; `get`, `set`, `update` and `clear` work on it and update `last_accessed`.
    created_at, last_accessed : datetime
        UTC.
    metadata : dict
        Free for the user.
    """

    session_id: str
    data: dict[str, Any] = field(default_factory=dict)
    created_at: datetime = field(default_factory=_utc_now)
    last_accessed: datetime = field(default_factory=_utc_now)
    metadata: dict[str, Any] = field(default_factory=dict)
    clock: Clock = field(default=_utc_now, repr=False, compare=False)

    def touch(self) -> None:
        """Count as accessed now."""
        self.last_accessed = self.clock()

    def get(self, key: str, default: Any = None) -> Any:
        """Give a value, or `default`."""
        self.touch()
        return self.data.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Set a value."""
        self.touch()
        self.data[key] = value

    def update(self, values: Mapping[str, Any]) -> None:
        """Set several values."""
        self.touch()
        self.data.update(values)

    def clear(self) -> None:
        """Drop all values."""
        self.touch()
        self.data.clear()


class StateManager:
    """The states of a node's sessions. Safe to use from several threads.

    A session that was not accessed for its time to live is gone: for `get` at once, in memory at
    the next call after a sweep interval of five minutes. There is no thread and no timer.

    Parameters
    ----------
    default_ttl : float or timedelta or None
        Time to live in seconds, or as a timedelta; 24 hours if None.
    max_sessions : int or None
        When it is reached, the session that was not accessed for longest goes. None: no limit.
    clock : callable
        Gives the time as an aware datetime; for tests.
    """

    def __init__(
        self,
        default_ttl: float | timedelta | None = None,
        max_sessions: int | None = None,
        *,
        clock: Clock = _utc_now,
    ) -> None:
        self._ttl = _check_ttl(default_ttl)
        self._max_sessions = _check_max_sessions(max_sessions)
        self._clock = clock
        self._lock = threading.Lock()
        self._states: dict[str, SessionState] = {}
        self._next_sweep = clock() + _SWEEP_INTERVAL

    def get_or_create(self, session_id: str) -> SessionState:
        """Give the state of a session, a new one if there is none."""
        with self._lock:
            now = self._sweep_if_due()
            state = self._find(session_id, now)
            if state is None:
                self._make_room()
                state = SessionState(
                    session_id, created_at=now, last_accessed=now, clock=self._clock
                )
                self._states[session_id] = state
            state.touch()
            return state

    def get(self, session_id: str) -> SessionState | None:
        """Give the state of a session, if there is one."""
        with self._lock:
            state = self._find(session_id, self._sweep_if_due())
            if state is not None:
                state.touch()
            return state

    def delete(self, session_id: str) -> bool:
        """Drop a session; gives whether there was one."""
        with self._lock:
            return self._states.pop(session_id, None) is not None

    def get_all(self) -> dict[str, SessionState]:
        """Give the living sessions by id, without counting as access."""
        with self._lock:
            self._sweep(self._clock())
            return dict(self._states)

    def clear_all(self) -> None:
        """Drop all sessions."""
        with self._lock:
            self._states.clear()

    def cleanup_expired(self) -> int:
        """Drop the sessions whose time to live is over; gives how many."""
        with self._lock:
            return self._sweep(self._clock())

    def _find(self, session_id: str, now: datetime) -> SessionState | None:
        state = self._states.get(session_id)
        if state is not None and self._is_expired(state, now):
            del self._states[session_id]
            return None
        return state

    def _is_expired(self, state: SessionState, now: datetime) -> bool:
        return now - state.last_accessed > self._ttl

    def _sweep_if_due(self) -> datetime:
        now = self._clock()
        if now >= self._next_sweep:
            self._sweep(now)
        return now

    def _sweep(self, now: datetime) -> int:
        expired = [key for key, state in self._states.items() if self._is_expired(state, now)]
        for key in expired:
            del self._states[key]
        self._next_sweep = now + _SWEEP_INTERVAL
        return len(expired)

    def _make_room(self) -> None:
        while self._max_sessions is not None and len(self._states) >= self._max_sessions:
            oldest = min(self._states.values(), key=lambda state: state.last_accessed)
            del self._states[oldest.session_id]


def _check_ttl(ttl: float | timedelta | None) -> timedelta:
    if ttl is None:
        return DEFAULT_TTL
    try:
        duration = ttl if isinstance(ttl, timedelta) else timedelta(seconds=ttl)
    except (TypeError, OverflowError, ValueError):
        refuse("state_ttl", repr(ttl), "seconds or a timedelta")
    if duration <= timedelta(0):
        refuse("state_ttl", repr(ttl), "more than 0 s")
    return duration


def _check_max_sessions(most: int | None) -> int | None:
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        refuse("max_sessions", repr(most), "an integer of at least 1, or None")
    return most
