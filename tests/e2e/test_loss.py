"""A call over a network that loses packets."""

from __future__ import annotations

import json
import re

import numpy as np
from playwright.sync_api import WebSocketRoute

from lossy_path import LossyPath, lossy_path
from serving import serving, wait_for
from tab import HEAR, RETURNED, OpenTab, Tab

CANDIDATE = re.compile(r"(a=candidate:\S+ 1 udp \d+ \S+) (\d+) typ host", re.IGNORECASE)


def lead_through(tab: Tab, path: LossyPath) -> None:
    """Have the page's signalling name the path in place of the server."""

    def renamed(candidate: re.Match[str]) -> str:
        path.server_port = int(candidate[2])
        return f"{candidate[1]} {path.port} typ host"

    def connect(page: WebSocketRoute) -> None:
        def to_page(text: str | bytes) -> None:
            message = json.loads(text)
            if message["type"] == "answer":
                message["sdp"] = CANDIDATE.sub(renamed, message["sdp"])
            page.send(json.dumps(message))

        page.connect_to_server().on_message(to_page)

    tab.page.route_web_socket(re.compile("/ws$"), connect)


def level(tab: Tab) -> float:
    """RMS of what comes back, at this moment."""
    heard = tab.page.evaluate(f"{HEAR.strip()}({RETURNED}, 2048)")
    return float(np.sqrt(np.mean(np.square(heard["samples"])))) if heard else 0.0


def shown(tab: Tab, what: str) -> float:
    """A figure of the page; 0 as long as there is none."""
    text = tab.text_of(what)
    return float(text) if re.fullmatch(r"[\d.]+", text) else 0.0


def test_with_a_tenth_of_the_packets_lost_speech_comes_back_and_the_page_shows_the_loss(
    open_speaking_tab: OpenTab,
) -> None:
    with lossy_path(loss=0.1, seed=1) as path, serving("--announce", "127.0.0.1") as server:
        tab = open_speaking_tab(server)
        lead_through(tab, path)
        tab.open()  # once more: the path is there from the beginning of a page
        tab.start()
        tab.page.wait_for_selector("#speech-lamp[data-on=true]")
        wait_for("sound in what comes back", lambda: level(tab) > 0.01)
        wait_for("a share that is lost", lambda: shown(tab, "#loss") > 0)
        wait_for("packets that are lost", lambda: shown(tab, "#lost") >= 10)
        assert re.fullmatch(r"\d[\d.]* ms", tab.text_of("#longest-gap"))
        (session,) = server.sessions()
        assert session["is_active"]
        statistics = session["statistics"]
        sent = statistics["packets"] + statistics["lost"]
        assert 0.03 < statistics["lost"] / sent < 0.25
        assert 0.05 < path.lost / (path.lost + path.passed) < 0.2
        tab.stop()
        server.wait_for_sessions(0)
