"""State per session, with a clock of the test."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone

import pytest

from remotemedia.state import SessionState, StateManager


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2024, 1, 1, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_values_are_set_read_updated_and_cleared() -> None:
    state = SessionState("s")
    state.set("count", 1)
    state.update({"count": 2, "name": "x"})
    assert (state.get("count"), state.get("name"), state.get("none", 7)) == (2, "x", 7)
    state.clear()
    assert state.data == {}
    assert state.metadata == {}


def test_each_access_updates_the_time(clock: Clock) -> None:
    state = StateManager(clock=clock).get_or_create("s")
    created = state.created_at
    for access in (
        lambda: state.get("x"),
        lambda: state.set("x", 1),
        lambda: state.update({}),
        state.clear,
    ):
        clock.advance(1)
        access()
        assert state.last_accessed == clock.now
    assert state.created_at == created


def test_the_same_session_gives_the_same_state(clock: Clock) -> None:
    states = StateManager(clock=clock)
    assert states.get("s") is None
    first = states.get_or_create("s")
    assert states.get_or_create("s") is first
    assert states.get("s") is first
    assert states.get_or_create("other") is not first


def test_a_session_is_forgotten_when_its_time_to_live_is_over(clock: Clock) -> None:
    states = StateManager(default_ttl=60, clock=clock)
    first = states.get_or_create("s")
    clock.advance(60)
    assert states.get("s") is first  # not a moment too early, and this is an access
    clock.advance(60.001)
    assert states.get("s") is None
    assert states.get_or_create("s") is not first


def test_the_default_time_to_live_is_a_day(clock: Clock) -> None:
    states = StateManager(clock=clock)
    states.get_or_create("s")
    clock.advance(24 * 3600)
    assert states.cleanup_expired() == 0
    clock.advance(1)
    assert states.cleanup_expired() == 1


def test_access_through_the_state_keeps_it_alive(clock: Clock) -> None:
    states = StateManager(default_ttl=timedelta(seconds=10), clock=clock)
    state = states.get_or_create("s")
    for _ in range(5):
        clock.advance(9)
        state.get("x")
    assert states.get("s") is state


def test_a_full_manager_drops_the_session_not_accessed_for_longest(clock: Clock) -> None:
    states = StateManager(max_sessions=2, clock=clock)
    for name in ("a", "b"):
        states.get_or_create(name)
        clock.advance(1)
    states.get("a")
    states.get_or_create("c")
    assert set(states.get_all()) == {"a", "c"}


def test_expired_sessions_leave_memory_at_any_later_access(clock: Clock) -> None:
    states = StateManager(default_ttl=1, clock=clock)
    states.get_or_create("old")
    clock.advance(301)
    states.get_or_create("new")
    assert states.cleanup_expired() == 0  # the sweep of five minutes had dropped it
    assert set(states.get_all()) == {"new"}


def test_sessions_can_be_deleted_one_and_all(clock: Clock) -> None:
    states = StateManager(clock=clock)
    for name in "abc":
        states.get_or_create(name)
    assert states.delete("a")
    assert not states.delete("a")
    states.clear_all()
    assert states.get_all() == {}


def test_all_sessions_are_given_without_counting_as_access(clock: Clock) -> None:
    states = StateManager(default_ttl=10, clock=clock)
    states.get_or_create("s")
    clock.advance(6)
    states.get_all()
    clock.advance(6)
    assert states.get_all() == {}


@pytest.mark.parametrize("ttl", [0, -1, "day", timedelta(0), float("nan"), 1e20])
def test_a_time_to_live_must_be_a_positive_duration(ttl: object) -> None:
    with pytest.raises(ValueError, match=r"state_ttl is .*expected"):
        StateManager(default_ttl=ttl)  # type: ignore[arg-type]


@pytest.mark.parametrize("most", [0, -1, 1.5, True, "2"])
def test_a_limit_of_sessions_must_be_a_positive_integer(most: object) -> None:
    with pytest.raises(ValueError, match=r"max_sessions is .*expected"):
        StateManager(max_sessions=most)  # type: ignore[arg-type]


def test_threads_share_one_state_per_session() -> None:
    before = set(threading.enumerate())
    states = StateManager()
    found: list[SessionState] = []
    start = threading.Barrier(8)

    def create() -> None:
        start.wait()
        found.append(states.get_or_create("s"))

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(state) for state in found}) == 1
    assert set(threading.enumerate()) <= before  # the manager started none
