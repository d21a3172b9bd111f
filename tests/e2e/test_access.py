"""A server that wants a token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from serving import DEADLINE_S, Server, serving
from tab import OpenTab

TOKEN = "an example of a token, with ümlaut"


@pytest.fixture
def guarded(echo_graph: Path, tmp_path: Path) -> Iterator[Server]:
    file = tmp_path / "tokens"
    file.write_text(f"# who\n{TOKEN}\n", encoding="utf-8")
    with serving(echo_graph, "--token-file", file) as server:
        yield server


@pytest.mark.parametrize("token", ["", "another token, not listed"])
def test_without_the_token_the_page_is_refused(
    guarded: Server, open_tab: OpenTab, token: str
) -> None:
    tab = open_tab(guarded)
    tab.press_start(token)
    tab.page.wait_for_selector("#problem:visible")
    assert "did not accept the connection" in tab.text_of("#problem-title")
    assert "access token" in tab.text_of("#problem-advice")
    tab.wait_for_phase("idle")


def test_without_the_token_the_socket_is_refused_with_401(guarded: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{guarded.port}/ws", open_timeout=DEADLINE_S)
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize("path", ["/connections", "/metrics"])
def test_without_the_token_nothing_is_told(guarded: Server, path: str) -> None:
    status, body = guarded.get(path)
    assert status == 401
    assert "a token is needed" in body
    assert guarded.get(path, token="another token, not listed")[0] == 401


def test_with_the_token_a_session_runs(guarded: Server, open_tab: OpenTab) -> None:
    tab = open_tab(guarded).start(TOKEN)
    tab.wait_for_tone()
    assert tab.complaints() == []
    assert TOKEN not in tab.page.evaluate("JSON.stringify({ ...localStorage })")
