"""Our endpoint and aiortc, which has its own ICE, DTLS, SRTP and RTP, in one call."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import aioice.ice
import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from webrtc_peer import RATE, Tone

TONE_HZ = 440.0  # of Tone
AMPLITUDE = 12_000
TIMEOUT_S = 30.0  # of a loaded machine
HEARD_S = 2.5
WINDOW = RATE // 10


class Peer:
    """aiortc on the loopback interface: what it hears, and what becomes of the connection."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.heard: list[np.ndarray[Any, np.dtype[np.int16]]] = []
        self.texts: asyncio.Queue[str] = asyncio.Queue()
        self.connected = asyncio.Event()
        self.closed = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

        @self.connection.on("track")
        def on_track(track: MediaStreamTrack) -> None:
            self._listening = asyncio.create_task(self._listen(track))

        @self.connection.on("connectionstatechange")
        def on_change() -> None:
            match self.connection.connectionState:
                case "connected":
                    self.connected.set()
                case "closed":
                    self.closed.set()

    def open_channel(self) -> asyncio.Event:
        """Ask for a data channel; the event is that it can be used."""
        self.channel = self.connection.createDataChannel("texts")
        self.channel.on("message", self.texts.put_nowait)
        opened = asyncio.Event()
        self.channel.on("open", opened.set)
        return opened

    async def _listen(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                # Two channels side by side in one row; ours are alike.
                self.heard.append(frame.to_ndarray()[0][:: len(frame.layout.channels)])

    async def hear(self, seconds: float) -> np.ndarray[Any, np.dtype[np.int16]]:
        """The next seconds of audio."""
        self.heard.clear()
        while sum(map(len, self.heard)) < seconds * RATE:
            await asyncio.sleep(0.02)
        return np.concatenate(self.heard)

    async def close(self) -> None:
        await self.connection.close()
        if self._listening is not None:
            await self._listening


class Program:
    """endpoint_program: lines in, lines out."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def write(self, line: dict[str, str]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")

    async def read(self, kind: str, **wanted: str) -> dict[str, Any]:
        """The next line of the kind, with what is wanted of it."""
        assert self._process.stdout is not None
        passed = []
        while line := await self._process.stdout.readline():
            found: dict[str, Any] = json.loads(line)
            if found["type"] == kind and wanted.items() <= found.items():
                return found
            passed.append(found)
        raise AssertionError(f"no {kind} with {wanted}, but {passed}")

    async def describe(self, kind: str) -> RTCSessionDescription:
        line = await self.read(kind)
        return RTCSessionDescription(line["sdp"], line["type"])

    async def end(self) -> int:
        if self._process.returncode is None and self._process.stdin is not None:
            self._process.stdin.close()
        return await self._process.wait()


@contextlib.asynccontextmanager
async def started(path: Path, *arguments: str) -> AsyncIterator[Program]:
    pipe = asyncio.subprocess.PIPE
    # A description is one line, longer than a reader's limit may be.
    process = await asyncio.create_subprocess_exec(
        path, *arguments, stdin=pipe, stdout=pipe, limit=1 << 20
    )
    program = Program(process)
    try:
        yield program
    finally:
        assert await program.end() == 0


@contextlib.asynccontextmanager
async def answered_call(path: Path, *arguments: str) -> AsyncIterator[tuple[Peer, Program]]:
    """aiortc offers, our endpoint answers."""
    async with started(path, *arguments) as program:
        peer = Peer()
        try:
            peer.connection.addTrack(Tone(lambda _: AMPLITUDE / 32_767))
            opened = peer.open_channel()
            await peer.connection.setLocalDescription(await peer.connection.createOffer())
            offer = peer.connection.localDescription
            program.write({"type": "offer", "sdp": offer.sdp})
            await peer.connection.setRemoteDescription(await program.describe("answer"))
            await program.read("state", state="connected")
            await opened.wait()
            yield peer, program
        finally:
            await peer.close()


@contextlib.asynccontextmanager
async def offered_call(path: Path) -> AsyncIterator[tuple[Peer, Program]]:
    """Our endpoint offers, aiortc answers: it is a full ICE agent, and begins the handshake."""
    async with started(path, "--offer") as program:
        peer = Peer()
        try:
            await peer.connection.setRemoteDescription(await program.describe("offer"))
            peer.connection.addTrack(Tone(lambda _: AMPLITUDE / 32_767))
            await peer.connection.setLocalDescription(await peer.connection.createAnswer())
            answer = peer.connection.localDescription
            assert "a=setup:active" in answer.sdp
            program.write({"type": "answer", "sdp": answer.sdp})
            await program.read("state", state="connected")
            # Our Finished is the last flight: aiortc, closed before it has come, says no goodbye.
            await peer.connected.wait()
            yield peer, program
        finally:
            await peer.close()


CALLS = pytest.mark.parametrize("call", [answered_call, offered_call])


def run(what: Awaitable[None]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(what, TIMEOUT_S)

    asyncio.run(bounded())


def frequency(samples: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """Of the strongest tone: the peak of the spectrum, between its lines by a parabola."""
    power = np.log(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) + 1e-9)
    at = int(np.clip(np.argmax(power), 1, len(power) - 2))
    low, top, high = power[at - 1 : at + 2]
    return float((at + (low - high) / (2 * (low - 2 * top + high))) * RATE / len(samples))


def tone(samples: np.ndarray[Any, np.dtype[np.int16]]) -> tuple[float, float]:
    """Frequency and level of most tenths of a second: a busy machine may be late with some."""
    windows = samples[: len(samples) // WINDOW * WINDOW].astype(float).reshape(-1, WINDOW)
    levels = np.sqrt(np.mean(windows**2, axis=1))
    return float(np.median([frequency(one) for one in windows])), float(np.median(levels))


@CALLS
def test_a_tone_arrives_at_both_ends_as_it_was_sent(call: Any, endpoint_program: Path) -> None:
    async def check() -> None:
        async with call(endpoint_program) as (peer, program):
            await peer.hear(0.5)
            heard = await peer.hear(HEARD_S)
            program.write({"type": "close"})
            end = await program.read("end")
        hz, level = tone(heard)
        assert hz == pytest.approx(TONE_HZ, abs=1)
        assert level == pytest.approx(AMPLITUDE / np.sqrt(2), rel=0.2)
        assert end["heard_hz"] == pytest.approx(TONE_HZ, abs=1)
        assert end["packets_received"] > HEARD_S * 45
        assert end["packets_sent"] > HEARD_S * 45
        assert 0 <= end["round_trip_s"] < 1

    run(check())


def test_texts_come_back_whole_and_in_order(endpoint_program: Path) -> None:
    # One of a byte, and one that takes many datagrams.
    texts = ["a", "grüße", "x" * 100_000, "the last"]

    async def check() -> None:
        async with answered_call(endpoint_program) as (peer, _):
            for text in texts:
                peer.channel.send(text)
            assert [await peer.texts.get() for _ in texts] == texts

    run(check())


@CALLS
def test_the_peer_sees_that_our_endpoint_closes(call: Any, endpoint_program: Path) -> None:
    async def check() -> None:
        async with call(endpoint_program) as (peer, program):
            program.write({"type": "close"})
            await program.read("state", state="ended", reason="closed")
            await peer.closed.wait()

    run(check())


@CALLS
def test_our_endpoint_sees_that_the_peer_closes(call: Any, endpoint_program: Path) -> None:
    async def check() -> None:
        async with call(endpoint_program) as (peer, program):
            await peer.close()
            await program.read("state", state="ended", reason="the peer closed the session")
            assert await program.end() == 0

    run(check())


def test_consent_keeps_a_call_and_ends_with_the_checks(
    endpoint_program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.5)
    stale_ms = 2_000

    async def check() -> None:
        async with answered_call(endpoint_program, str(stale_ms)) as (peer, program):
            reading = asyncio.create_task(program.read("state", state="interrupted"))
            await asyncio.wait([reading], timeout=2 * stale_ms / 1e3)
            assert not reading.done()
            transport = peer.connection.getSenders()[0].transport.transport
            transport._connection._query_consent_task.cancel()
            assert (await reading)["reason"] == "no check from the peer"

    run(check())
