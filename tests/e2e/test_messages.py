"""What the server tells the page, as the page shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from cli_program import graph, node
from serving import Server, serving, wait_for
from tab import OpenTab

# Before the page's own scripts: keeps what comes over the data channel.
LISTEN = """
window.received = [];
const create = RTCPeerConnection.prototype.createDataChannel;
RTCPeerConnection.prototype.createDataChannel = function (...how) {
  const channel = create.apply(this, how);
  channel.addEventListener('message', (event) => received.push(JSON.parse(event.data)));
  return channel;
};
"""


def received(page: Page, kind: str) -> list[dict[str, Any]]:
    """The messages of a type so far."""
    found: list[dict[str, Any]] = page.evaluate(
        "(kind) => received.filter(({ type }) => type === kind)", kind
    )
    return found


@pytest.fixture
def default_server() -> Iterator[Server]:
    with serving() as server:
        yield server


def test_the_default_graph_tells_when_speech_starts_and_ends(
    default_server: Server, open_speaking_tab: OpenTab
) -> None:
    tab = open_speaking_tab(default_server)
    tab.page.add_init_script(LISTEN)
    tab.open().start()
    assert tab.complaints() == []
    tab.page.wait_for_selector("#speech-lamp[data-on=true]")
    wait_for("the end of speech", lambda: len(received(tab.page, "vad")) >= 2)
    start, end = received(tab.page, "vad")[:2]
    assert (start["event"], end["event"]) == ("start", "end")
    assert 0 <= start["time_s"] < end["time_s"] < 60


def test_the_figures_of_each_node_reach_the_table(
    default_server: Server, open_speaking_tab: OpenTab
) -> None:
    tab = open_speaking_tab(default_server)
    tab.page.add_init_script(LISTEN)
    tab.open().start()
    wait_for("two reports", lambda: len(received(tab.page, "metrics")) >= 2)
    (session,) = received(tab.page, "session")
    nodes = session["pipeline"]["nodes"]
    assert "SileroVADNode" in [one["node_type"] for one in nodes]
    before, after = received(tab.page, "metrics")[:2]
    for one, former, later in zip(nodes, before["nodes"], after["nodes"], strict=True):
        assert one["node_id"] == later["node_id"]
        assert later["execution_count"] > former["execution_count"]
        assert later["avg_duration_us"] > 0
        assert later["error_count"] == 0
    assert after["session"]["packets"] > before["session"]["packets"]
    shown = tab.page.locator("#node-rows th").all_inner_texts()
    assert len(shown) == len(nodes)
    wait_for("the delay", lambda: re.fullmatch(r"\d+", tab.text_of("#delay-total")))


def test_a_graph_of_audio_takes_no_text(default_server: Server, open_speaking_tab: OpenTab) -> None:
    tab = open_speaking_tab(default_server).start()
    wait_for("the hint", lambda: "takes no text" in tab.text_of("#text-hint"))
    assert tab.page.is_disabled("#text")


def test_text_goes_through_the_graph_and_back(echo: Server, open_tab: OpenTab) -> None:
    tab = open_tab(echo).start()
    written = "Grüße <b>& more</b>"
    tab.page.fill("#text", written)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_selector("#log .received")
    assert tab.text_of("#log .received .text") == written


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Server]:
    """Gives audio back; its second node fails on text."""
    nodes = [node("any"), node("audio", "AudioResampleNode", target_sample_rate=48_000)]
    path = graph(tmp_path / "fragile.json", nodes, ("any", "audio"))
    with serving(path) as server:
        yield server


def test_a_node_that_fails_ends_its_session_and_no_other(
    fragile: Server, open_tab: OpenTab
) -> None:
    other = open_tab(fragile).start()
    tab = open_tab(fragile).start()
    assert len(fragile.sessions()) == 2
    tab.page.fill("#text", "not audio")
    tab.page.keyboard.press("Enter")
    tab.wait_for_phase("idle")
    assert "node 'audio' (AudioResampleNode) failed" in tab.text_of("#log .error >> nth=0")
    assert tab.text_of("#problem-title") == "The server ended the session"
    assert "expected an audio item" in tab.text_of("#problem-advice")
    fragile.wait_for_sessions(1)
    other.wait_for_tone()
    assert other.complaints() == []
    assert json.loads(fragile.get("/health")[1])["active_connections"] == 1
