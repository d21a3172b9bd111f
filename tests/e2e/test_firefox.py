"""Firefox, whose microphone hears a tone of its own."""

from __future__ import annotations

from pathlib import Path

from bidi import firefox
from serving import Server, wait_for
from tab import wait_for_tone

MICROPHONE = """
(async () => {
  window.microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  return true;
})()
"""
# Without a sound card Firefox has no running AudioContext, but it records and decodes.
RECORD = """
(async (stream, size) => {
  if (!stream?.getAudioTracks().length) return null;
  const recorder = new MediaRecorder(new MediaStream(stream.getAudioTracks()));
  const recorded = new Promise((resolve) => { recorder.ondataavailable = resolve; });
  recorder.start();
  await new Promise((resolve) => { setTimeout(resolve, 1500); });
  recorder.stop();
  const bytes = await (await recorded).data.arrayBuffer();
  const audio = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(bytes);
  const samples = Array.from(audio.getChannelData(0).slice(-size));
  return samples.length < size ? null : { rate: audio.sampleRate, samples };
})
"""
PHASE = "document.body.dataset.phase"


def test_firefox_hears_the_tone_of_its_microphone_come_back(echo: Server, tmp_path: Path) -> None:
    with firefox(tmp_path) as browser:
        browser.open(f"{echo.url}/?autostart=1")
        wait_for("a running session", lambda: browser.evaluate(PHASE) == "running")
        returned_hz = wait_for_tone(browser.evaluate, hear=RECORD)
        browser.evaluate(MICROPHONE)
        sent_hz = wait_for_tone(browser.evaluate, "window.microphone", RECORD)
        assert abs(returned_hz - sent_hz) < 2
        assert len(echo.sessions()) == 1
        browser.evaluate("document.getElementById('stop').click()")
        echo.wait_for_sessions(0)
        assert browser.problems == []
