"""Browsers with a microphone that hears what a test wants, and servers for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from cli_program import graph, node
from serving import Server, serving
from sounds import write_speech, write_tone
from tab import OpenTab, Tab

CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


def _chromium(playwright: Playwright, microphone: Path) -> Browser:
    return playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=[
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}",
            "--autoplay-policy=no-user-gesture-required",
        ],
    )


@pytest.fixture(scope="session")
def tone_browser(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    browser = _chromium(playwright, write_tone(tmp_path_factory.mktemp("sound") / "tone.wav"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def speech_browser(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    browser = _chromium(playwright, write_speech(tmp_path_factory.mktemp("sound") / "speech.wav"))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def echo_graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives everything back as it came."""
    return graph(tmp_path_factory.mktemp("graph") / "echo.json", [node("echo")])


@pytest.fixture
def echo(echo_graph: Path) -> Iterator[Server]:
    with serving(echo_graph) as server:
        yield server


def _opener(browser: Browser) -> Iterator[OpenTab]:
    with ExitStack() as contexts:

        def open_tab(server: Server, path: str = "/") -> Tab:
            context = contexts.enter_context(browser.new_context(permissions=["microphone"]))
            return Tab(context.new_page(), server).open(path)

        yield open_tab


@pytest.fixture
def open_tab(tone_browser: Browser) -> Iterator[OpenTab]:
    """Opens the page in a tab of its own, with a tone for a microphone."""
    yield from _opener(tone_browser)


@pytest.fixture
def open_speaking_tab(speech_browser: Browser) -> Iterator[OpenTab]:
    """As `open_tab`, with speech for a microphone."""
    yield from _opener(speech_browser)
