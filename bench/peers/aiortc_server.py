"""An aiortc server that does what ours does to each session; the peer of bench/webrtc_servers.py.

Usage: python bench/peers/aiortc_server.py --port P [--receive-only] [--our-opus]

POST /api/offer takes {"sdp", "type"} and gives the answer, as aiortc's own example does. What comes
in is decoded, resampled to 16 kHz and judged by WebRTC's VAD; then it is sent back, or, with
--receive-only, forgotten. aiortc sends stereo at 96 kbit/s; with --our-opus it sends what our
server sends: mono from 16 kHz, 64 kbit/s, complexity 5, by transform, which Opus chooses by itself
for an application that is not telephony. It uses the loopback interface only.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from typing import Final

import aioice.ice
import aiortc.codecs
import webrtcvad
from aiohttp import web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs.opus import TIME_BASE, OpusEncoder
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler, CodecContext

RATE: Final = 16_000
FRAME: Final = RATE // 50
MAX_SESSIONS: Final = 10_000


class OurOpus(OpusEncoder):  # type: ignore[misc]
    """aiortc's encoder with the settings of our server."""

    def __init__(self) -> None:
        super().__init__()
        self.codec = CodecContext.create("libopus", "w")
        self.codec.bit_rate = 64_000
        self.codec.format = "s16"
        self.codec.layout = "mono"
        self.codec.options = {"application": "audio", "compression_level": "5"}
        self.codec.sample_rate = RATE
        self.codec.time_base = TIME_BASE
        self.resampler = AudioResampler(format="s16", layout="mono", rate=RATE, frame_size=FRAME)


class Processed(MediaStreamTrack):  # type: ignore[misc]
    """A track after resampling and the VAD."""

    kind = "audio"

    def __init__(self, source: MediaStreamTrack) -> None:
        super().__init__()
        self._source = source
        self._resampler = AudioResampler(format="s16", layout="mono", rate=RATE, frame_size=FRAME)
        self._vad = webrtcvad.Vad(2)
        self._frames: list[AudioFrame] = []
        self.speech_frames = 0

    async def recv(self) -> AudioFrame:
        """Give the next 20 ms."""
        while not self._frames:
            self._frames = self._resampler.resample(await self._source.recv())
        frame = self._frames.pop(0)
        samples = bytes(frame.planes[0])[: 2 * FRAME]
        self.speech_frames += self._vad.is_speech(samples, RATE)
        return frame


class Server:
    """The sessions of the process."""

    def __init__(self, receive_only: bool) -> None:
        self._receive_only = receive_only
        self._sessions: set[RTCPeerConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def offer(self, request: web.Request) -> web.Response:
        """Answer an offer."""
        if len(self._sessions) >= MAX_SESSIONS:
            raise web.HTTPServiceUnavailable(text="too many sessions")
        body = await request.json()
        session = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._sessions.add(session)

        @session.on("track")  # type: ignore[untyped-decorator]
        def on_track(track: MediaStreamTrack) -> None:
            processed = Processed(track)
            if self._receive_only:
                task = asyncio.create_task(self._consume(processed))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                session.addTrack(processed)

        @session.on("connectionstatechange")  # type: ignore[untyped-decorator]
        async def on_change() -> None:
            if session.connectionState in ("failed", "closed"):
                self._sessions.discard(session)
                await session.close()

        await session.setRemoteDescription(RTCSessionDescription(body["sdp"], body["type"]))
        await session.setLocalDescription(await session.createAnswer())
        answer = session.localDescription
        name = str(id(session))
        return web.json_response({"sdp": answer.sdp, "type": answer.type, "pc_id": name})

    async def _consume(self, track: Processed) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                await track.recv()


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--receive-only", action="store_true")
    parser.add_argument("--our-opus", action="store_true")
    options = parser.parse_args()
    if options.our_opus:
        aiortc.codecs.OpusEncoder = OurOpus
    # It leaves the loopback interface out by itself.
    aioice.ice.get_host_addresses = lambda **_: ["127.0.0.1"]
    app = web.Application()
    app.router.add_post("/api/offer", Server(options.receive_only).offer)
    web.run_app(app, host="127.0.0.1", port=options.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
