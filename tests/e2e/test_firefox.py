"""Firefox, whose microphone hears a tone of its own."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import numpy as np

from bidi import Firefox, firefox
from serving import Server, wait_for
from sounds import FFT_SIZE
from tab import HEAR, RETURNED, wait_for_tone

MICROPHONE = """
(async () => {
  window.microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  return true;
})()
"""
PHASE = "document.body.dataset.phase"


def shows_its_level(browser: Firefox, meter: str, stream: str) -> bool:
    """Tell whether a meter of the page is as loud as a stream that is not silent."""
    heard = browser.evaluate(f"{HEAR.strip()}({stream}, {FFT_SIZE})")
    rms = float(np.sqrt(np.mean(np.square(heard["samples"]))))
    shown_db = browser.evaluate(f"Number(document.getElementById('{meter}').ariaValueNow)")
    return rms > 0.01 and abs(shown_db - 20 * math.log10(rms)) <= 3


def test_firefox_hears_the_tone_of_its_microphone_come_back(echo: Server, tmp_path: Path) -> None:
    with firefox(tmp_path) as browser:
        browser.open(f"{echo.url}/?autostart=1")
        wait_for("a running session", lambda: browser.evaluate(PHASE) == "running")
        returned_hz = wait_for_tone(browser.evaluate)
        browser.evaluate(MICROPHONE)
        sent_hz = wait_for_tone(browser.evaluate, "window.microphone")
        assert abs(returned_hz - sent_hz) < 2
        for meter, stream in (("meter-sent", "window.microphone"), ("meter-returned", RETURNED)):
            shows = partial(shows_its_level, browser, meter, stream)
            wait_for(f"the level of the tone on {meter}", shows)
        assert len(echo.sessions()) == 1
        browser.evaluate("document.getElementById('stop').click()")
        echo.wait_for_sessions(0)
        assert browser.problems == []
