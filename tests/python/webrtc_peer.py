"""A browser as far as a server can tell: aiortc on the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from typing import Any

import aioice.ice
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

RATE = 48_000
TIMEOUT_S = 20.0
# aioice leaves the loopback interface out, which is all that a test may use.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]

Signal = Callable[[float], float]


class Tone(MediaStreamTrack):
    """A sine of 440 Hz, 20 ms at a time; `level` gives its amplitude at each second."""

    kind = "audio"

    def __init__(self, level: Signal) -> None:
        super().__init__()
        self._level = level
        self._position = 0
        self._start = asyncio.get_running_loop().time()

    async def recv(self) -> AudioFrame:
        size = RATE // 50
        due = self._start + self._position / RATE
        await asyncio.sleep(max(due - asyncio.get_running_loop().time(), 0))
        if self.readyState != "live":
            raise MediaStreamError
        phase = 2 * np.pi * 440 * (self._position + np.arange(size)) / RATE
        samples = (32_767 * self._level(self._position / RATE) * np.sin(phase)).astype(np.int16)
        # Of mono it would make a stereo that is quieter by 3 dB.
        both = np.repeat(samples, 2)[None, :]
        frame = AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.sample_rate, frame.pts = RATE, self._position
        frame.time_base = fractions.Fraction(1, RATE)
        self._position += size
        return frame


class Peer:
    """A page: its session, what it hears and the messages that it gets."""

    def __init__(self, level: Signal) -> None:
        self.session_id = ""
        self.messages: list[dict[str, Any]] = []
        self.heard = 0.0  # RMS of the last frame
        self._changed = asyncio.Event()
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.addTrack(Tone(level))
        self._channel = self._connection.createDataChannel("messages")
        self._listening: asyncio.Task[None] | None = None
        self._channel.on("message", self._take)
        self._connection.on("track", self._begin_to_listen)

    async def call(self, url: str) -> None:
        await self._connection.setLocalDescription(await self._connection.createOffer())
        offer = {"type": "offer", "sdp": self._connection.localDescription.sdp}
        answer = await asyncio.to_thread(post, f"{url}/api/offer", offer)
        self.session_id = answer["pc_id"]
        await self._connection.setRemoteDescription(
            RTCSessionDescription(answer["sdp"], answer["type"])
        )

    def send(self, message: dict[str, Any]) -> None:
        self._channel.send(json.dumps(message))

    async def message(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """Give the first message of the type that has these members; waits for it."""

        def matches(message: Any) -> bool:
            return (
                isinstance(message, dict)
                and message.get("type") == kind
                and wanted.items() <= message.items()
            )

        while True:
            self._changed.clear()
            for message in filter(matches, self.messages):
                return message
            await asyncio.wait_for(self._changed.wait(), TIMEOUT_S)

    async def close(self) -> None:
        await self._connection.close()
        if self._listening is not None:
            await self._listening

    def _take(self, text: str) -> None:
        self.messages.append(json.loads(text))
        self._changed.set()

    def _begin_to_listen(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.create_task(self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                samples = (await track.recv()).to_ndarray()[0].astype(float) / 32_768
                self.heard = float(np.sqrt(np.mean(samples**2)))


class RefusedError(Exception):
    """The server answers an offer with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        raise RefusedError(error.code, error.read().decode()) from error


@contextlib.asynccontextmanager
async def calling(url: str, level: Signal = lambda _: 0.3) -> AsyncIterator[Peer]:
    """A page that has called, and whose data channel is open."""
    peer = Peer(level)
    try:
        await peer.call(url)
        await peer.message("session")
        yield peer
    finally:
        await peer.close()
