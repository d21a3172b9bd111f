"""The page by itself, and the life of a session that is started on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from serving import Server, serving
from tab import OpenTab


def test_the_page_loads_without_a_complaint(echo: Server, open_tab: OpenTab) -> None:
    tab = open_tab(echo)
    tab.wait_for_phase("idle")
    assert tab.page.title() == "RemoteMedia"
    assert tab.page.is_visible("#start")
    assert tab.complaints() == []


def test_a_session_runs_without_a_complaint_and_its_tone_comes_back(
    echo: Server, open_tab: OpenTab, record_testsuite_property: Callable[[str, object], None]
) -> None:
    tab = open_tab(echo)
    begin = time.monotonic()
    tab.start()
    record_testsuite_property("running_s", time.monotonic() - begin)
    tab.wait_for_tone()
    record_testsuite_property("first_tone_s", time.monotonic() - begin)
    assert len(echo.sessions()) == 1
    assert tab.complaints() == []


def test_stop_ends_the_session(echo: Server, open_tab: OpenTab) -> None:
    tab = open_tab(echo).start()
    tab.stop()
    assert tab.page.is_hidden("#problem")
    echo.wait_for_sessions(0)


def test_after_stop_a_new_session_can_be_started(echo: Server, open_tab: OpenTab) -> None:
    tab = open_tab(echo).start()
    first = echo.sessions()[0]["id"]
    tab.stop()
    echo.wait_for_sessions(0)
    tab.start().wait_for_tone()
    (session,) = echo.sessions()
    assert session["id"] != first


def test_a_closed_tab_ends_its_session(echo: Server, open_tab: OpenTab) -> None:
    tab = open_tab(echo).start()
    assert len(echo.sessions()) == 1
    tab.page.close()
    echo.wait_for_sessions(0)


def test_a_link_starts_the_session_at_once(echo: Server, open_tab: OpenTab) -> None:
    open_tab(echo, "/?autostart=1").wait_for_phase("running")
    assert len(echo.sessions()) == 1


def test_the_page_says_so_when_the_server_goes_away(echo_graph: Path, open_tab: OpenTab) -> None:
    with serving(echo_graph) as server:
        tab = open_tab(server).start()
    tab.wait_for_phase("idle")
    assert tab.text_of("#problem-title") == "The server ended the session"
