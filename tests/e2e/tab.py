"""The page in a tab of Chromium: what a person does there, and what is to be seen and heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from playwright.sync_api import Page

from serving import DEADLINE_S, Server, wait_for
from sounds import FFT_SIZE, TONE_HZ, strongest_hz

PROCESSING = ("echo-cancellation", "noise-suppression", "auto-gain")

# Before the page's own scripts. Complaints of the policy reach a page as events.
WATCH = """
window.complaints = [];
document.addEventListener('securitypolicyviolation', (event) => {
  complaints.push(`${event.violatedDirective}: ${event.blockedURI}`);
});
"""

# The samples that come out of a track, as an AnalyserNode sees them.
HEAR = """
(async (stream, size) => {
  window.ears ??= new Map();
  const [track] = stream?.getAudioTracks() ?? [];
  if (!track) return null;
  if (!ears.has(track.id)) {
    const context = new AudioContext({ sampleRate: 48000 });
    const analyser = new AnalyserNode(context, { fftSize: size });
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    await context.resume();
    ears.set(track.id, { context, analyser });
  }
  const { context, analyser } = ears.get(track.id);
  const samples = new Float32Array(size);
  analyser.getFloatTimeDomainData(samples);
  return { rate: context.sampleRate, samples: Array.from(samples) };
})
"""
RETURNED = "document.getElementById('returned').srcObject"


def wait_for_tone(evaluate: Callable[[str], Any], stream: str = RETURNED) -> float:
    """Wait until one sine and nothing else is heard; returns its frequency in Hz."""

    def tone_hz() -> float | None:
        heard = evaluate(f"{HEAR.strip()}({stream}, {FFT_SIZE})")
        if heard is None:
            return None
        frequency_hz, share = strongest_hz(np.array(heard["samples"]), heard["rate"])
        return frequency_hz if share > 0.95 else None

    heard_hz: float = wait_for("a pure tone", tone_hz)
    return heard_hz


class Tab:
    """One tab; its sound is not processed, so that a tone stays one."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server
        self.problems: list[str] = []
        page.set_default_timeout(DEADLINE_S * 1000)
        page.add_init_script(WATCH)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._hear_console)

    def _hear_console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)

    def open(self, path: str = "/") -> Tab:
        """Load the page."""
        self.page.goto(self.server.url + path)
        return self

    def complaints(self) -> list[str]:
        """Errors and warnings so far, also of the Content-Security-Policy."""
        violations: list[str] = self.page.evaluate("window.complaints")
        return self.problems + violations

    def start(self, token: str = "") -> Tab:
        """Press Start and wait until audio flows."""
        self.press_start(token)
        self.wait_for_phase("running")
        return self

    def press_start(self, token: str = "") -> None:
        """Press Start, with the microphone as it is."""
        for name in PROCESSING:
            self.page.uncheck(f"#{name}")
        self.page.fill("#token", token)
        self.page.click("#start")

    def stop(self) -> None:
        """Press Stop."""
        self.page.click("#stop")
        self.wait_for_phase("idle")

    def wait_for_phase(self, phase: str) -> None:
        """Wait until the page says so of itself."""
        self.page.wait_for_selector(f"body[data-phase={phase}]")

    def text_of(self, selector: str) -> str:
        """What an element shows."""
        return self.page.inner_text(selector)

    def wait_for_tone(self, stream: str = RETURNED) -> None:
        """Wait until nothing but the microphone's tone is heard in a stream of the page."""
        heard_hz = wait_for_tone(self.page.evaluate, stream)
        assert abs(heard_hz - TONE_HZ) < 2


OpenTab = Callable[..., Tab]
