"""Tell a browser how long and how loud it spoke.

Serves a page at http://localhost:8080/webrtc_client.html. What the browser says goes through

    resample to 16 kHz mono -> find speech -> cut into utterances -> measure (a node in Python)

and the text of the last node appears under "Messages". Options win over REMOTEMEDIA_SERVER_HOST,
REMOTEMEDIA_SERVER_PORT and REMOTEMEDIA_USE_ML, and these over SERVER_HOST, SERVER_PORT and USE_ML.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import sys
from typing import Any

import numpy as np

from remotemedia import (
    AudioResampleNode,
    Node,
    Pipeline,
    RemoteMediaError,
    SileroVADNode,
    VADNode,
    VADTriggeredBuffer,
)
from remotemedia.webrtc import WebRTCConfig, WebRTCServer

RATE = 16_000
WITHOUT_EFFECT = ("REMOTE_HOST", "REMOTE_PORT", "ENABLE_PERSISTENCE")


class MeasureNode(Node):
    """Says of each utterance how long and how loud it was."""

    def process(self, data: Any) -> str:
        """Take an utterance, give a sentence."""
        samples, rate = np.asarray(data[0], dtype=np.float64), data[1]
        power = max(float(np.mean(samples**2)), 1e-12)
        seconds = samples.shape[-1] / rate
        return f"You spoke for {seconds:.1f} s at {10 * np.log10(power):.0f} dB of full scale."


def make_pipeline(use_ml: bool, min_speech_s: float) -> Pipeline:
    """Make the pipeline of one session."""
    return Pipeline(
        [
            AudioResampleNode(target_sample_rate=RATE, mono=True),
            SileroVADNode() if use_ml else VADNode(),
            VADTriggeredBuffer(
                min_speech_duration_s=min_speech_s,
                silence_duration_s=0.5,
                pre_speech_buffer_s=0.2,
                sample_rate=RATE,
            ),
            MeasureNode(name="measure"),
        ],
        name="measure_speech",
        enable_metrics=True,
    )


def answer(session_id: str, message: dict[str, Any]) -> str | None:
    """Answer what is typed into the page."""
    print(f"{session_id[:8]} {message}", flush=True)
    if message["type"] == "message":
        return f"You wrote {len(str(message.get('message', '')))} characters."
    return None


async def serve(options: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    server = WebRTCServer(
        WebRTCConfig(host=options.host, port=options.port),
        lambda: make_pipeline(options.use_ml, options.min_speech),
        on_message=answer,
        on_session_start=lambda session_id: print(f"{session_id[:8]} begins", flush=True),
        on_session_end=lambda session_id, why: print(f"{session_id[:8]} ends: {why}", flush=True),
    )
    await server.start()
    print(f"{server.url}/webrtc_client.html  (Ctrl-C ends it)", flush=True)
    await server.serve_forever()
    print("stopped")


def variable(name: str, default: str) -> str:
    """Read REMOTEMEDIA_<name>, else <name>."""
    return os.environ.get(f"REMOTEMEDIA_{name}") or os.environ.get(name) or default


def seconds(text: str) -> float:
    """Read a time that is not negative."""
    value = float(text)
    if not 0 <= value < math.inf:
        raise ValueError(text)
    return value


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--host", default=variable("SERVER_HOST", "127.0.0.1"), help="IP address to listen on"
    )
    parser.add_argument(
        "--port", type=int, default=variable("SERVER_PORT", "8080"), help="0 takes a free one"
    )
    parser.add_argument(
        "--use-ml",
        action=argparse.BooleanOptionalAction,
        default=variable("USE_ML", "false").lower() in ("1", "true", "yes", "on"),
        help="find speech with the Silero network, else by its energy",
    )
    parser.add_argument(
        "--min-speech", type=seconds, default=0.3, help="seconds; shorter sounds are no utterance"
    )
    return parser.parse_args()


def main() -> None:
    """Run the server."""
    options = parse_options()
    for name in WITHOUT_EFFECT:
        if name in os.environ:
            print(f"{name} is set, and has no effect here", file=sys.stderr)
    try:
        asyncio.run(serve(options))
    except RemoteMediaError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
