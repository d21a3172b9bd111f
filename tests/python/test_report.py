"""The page of `remotemedia run --report`, read as a browser and an image viewer would."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cli_program import SPEECH, graph, node, output_of, talk, write_wav

pytestmark = pytest.mark.native_only

VOID = {"meta", "img"}


class Page(HTMLParser):
    """Elements with their attributes and text; every element must be closed by its own tag."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str], list[str]]] = []
        self._open: list[int] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}, []))
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}, []))

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self._open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.elements[self._open[-1]][2].append(data)

    def attributes(self, tag: str, css: str = "") -> list[dict[str, str]]:
        return [a for t, a, _ in self.elements if t == tag and css in a.get("class", "")]

    def texts(self, tag: str, css: str = "") -> list[str]:
        found = (e for e in self.elements if e[0] == tag and css in e[1].get("class", ""))
        return ["".join(text) for _, _, text in found]


def make_report(folder: Path, manifest: Path, recording: Path) -> Page:
    path = folder / "report.html"
    output_of("run", manifest, "-i", recording, "--report", path)
    return Page(path.read_text(encoding="utf-8"))


def decode_png(url: str) -> NDArray[np.uint8]:
    """Level per pixel, shape (rows, columns), of an 8-bit palette PNG; CRCs are checked."""
    data = base64.b64decode(url.removeprefix("data:image/png;base64,"), validate=True)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert crc == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    width, height, *format_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert format_ == [8, 3, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    assert chunks[b"tRNS"][0] == 0  # silence is seen through
    assert len(chunks[b"PLTE"]) == 3 * len(chunks[b"tRNS"]) == 3 * 256
    return rows[:, 1:]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "talk.wav", talk(), 16_000)


def test_report_of_a_recording_is_well_formed_and_loads_nothing(
    tmp_path: Path, recording: Path
) -> None:
    page = make_report(tmp_path, SPEECH, recording)
    assert page.texts("title")[0] == "speech · talk.wav"
    assert {"script", "link", "iframe"}.isdisjoint(tag for tag, _, _ in page.elements)
    (image,) = page.attributes("img")
    assert image["src"].startswith("data:image/png;base64,")
    assert page.attributes("html") == [{"lang": "en"}]


def test_report_shades_the_speech_that_the_graph_found(tmp_path: Path, recording: Path) -> None:
    page = make_report(tmp_path, SPEECH, recording)
    (shade,) = page.attributes("path", "speech")
    # 3 s are 4000 units; the tones last from 0.5 to 1.2 s and from 2.0 to 2.6 s, found in
    # frames of 30 ms.
    spans = [part.split(" 0h") for part in shade["d"].split("M")[1:]]
    times = [int(start) / 4000 * 3 for start, _ in spans]
    lengths = [int(rest.split("v")[0]) / 4000 * 3 for _, rest in spans]
    assert times == pytest.approx([0.5, 2.0], abs=0.04)
    assert lengths == pytest.approx([0.7, 0.6], abs=0.07)


def test_spectrogram_shows_when_and_how_high_the_tone_is(tmp_path: Path, recording: Path) -> None:
    page = make_report(tmp_path, SPEECH, recording)
    pixels = decode_png(page.attributes("img")[0]["src"])
    bands, columns = pixels.shape
    loudest = pixels.max(axis=0)
    seconds = (np.arange(columns) + 0.5) / columns * 3
    silent = (seconds < 0.45) | ((seconds > 1.25) & (seconds < 1.95)) | (seconds > 2.65)
    voiced = ((seconds > 0.55) & (seconds < 1.15)) | ((seconds > 2.05) & (seconds < 2.55))
    assert loudest[voiced].min() > 240
    assert loudest[silent].max() == 0
    # Rows run from the top, even steps of the mel scale up to 8 kHz.
    row = int(pixels[:, voiced].astype(int).sum(axis=1).argmax())
    mel = (bands - row - 0.5) / bands * 2595 * np.log10(1 + 8000 / 700)
    # Bins are 31.25 Hz apart.
    assert 700 * (10 ** (mel / 2595) - 1) == pytest.approx(300, abs=32)


def test_report_shows_outside_text_as_text(tmp_path: Path) -> None:
    hostile = "</title></svg><script>alert('1')</script>\"&amp;"
    recording = write_wav(tmp_path / "a<b>&\"c'.wav", talk(), 16_000)
    writer = node("writer", "MediaWriterNode", output_path=str(tmp_path / "<b>'\"&.wav"))
    manifest = graph(tmp_path / "graph.json", [writer])
    document = json.loads(manifest.read_text(encoding="utf-8"))
    document["metadata"] = {"name": hostile, "description": hostile}
    manifest.write_text(json.dumps(document), encoding="utf-8")
    page = make_report(tmp_path, manifest, recording)
    assert not page.attributes("script")
    assert not page.attributes("b")
    assert page.texts("h1") == [hostile]
    assert page.texts("title")[0] == f"{hostile} · a<b>&\"c'.wav"


def test_report_of_a_stereo_recording_has_both_channels(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "stereo.wav", talk(48_000, 2), 48_000)
    page = make_report(tmp_path, SPEECH, path)
    assert len(page.attributes("path", "outline")) == 2
    assert {"left", "right"} <= set(page.texts("span", "y"))


@pytest.mark.parametrize("frames", [0, 1, 100])
def test_report_of_a_very_short_recording_is_whole(tmp_path: Path, frames: int) -> None:
    path = write_wav(tmp_path / "short.wav", talk()[:, 8_000 : 8_000 + frames], 16_000)
    page = make_report(tmp_path, SPEECH, path)
    assert len(page.attributes("figure")) == (1 if frames else 0)
    assert page.texts("h1") == ["speech"]
