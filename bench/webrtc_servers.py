"""WebRTC servers under the same load, in turns: ours, aiortc's, and a mirror; prints JSON.

Usage: python bench/webrtc_servers.py RECORDING [--programs build/bench/bench] [--rounds N]
           [--seconds S] [--sessions N] [--server PROGRAM]

Each server is one process that decodes the audio of its sessions, resamples it to 16 kHz and looks
for speech. In the mode *echo* it sends that audio back, so it encodes too; in *echo, same Opus*
aiortc encodes with our settings instead of its own; in *receive-only* nothing is sent. The mirror
gives packets back as they came: what it takes is the transport's part. Measured is the processor
time of the server's process, by the client, while all sessions talk.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile

ROOT: Final = Path(__file__).resolve().parents[1]
OURS: Final = "remotemedia"
DEFAULT_PROGRAMS: Final = ROOT / "build/bench/bench"
DEFAULT_SERVER: Final = str(Path(sys.executable).with_name("remotemedia"))
ECHO: Final = "echo"
SAME_OPUS: Final = "echo, same Opus"
RECEIVE_ONLY: Final = "receive-only"
MODES: Final = (ECHO, SAME_OPUS, RECEIVE_ONLY)
# Of Opus alone: what our server does at 32 kbit/s and below 64, and what it does by itself.
BITRATES: Final = (32_000, 64_000)
START_S: Final = 60.0
# On a busy machine a server may not get the processor in time. What it takes of it then says
# little, so the round is run again.
LEAST_RETURNED: Final = 0.95
TRIES: Final = 3

# How ours is started; what it sends is a matter of the client's offer. All of them come from one
# address, which has a limit otherwise.
OUR_COMMAND: Final = (
    *("serve", str(ROOT / "bench/webrtc_servers.yaml"), "--host", "127.0.0.1", "--port", "{port}"),
    *("--max-sessions-per-address", "1000", "--max-requests-per-minute", "100000"),
)
OUR_MODES: Final[dict[str, tuple[str, ...]]] = dict.fromkeys(MODES, ())
AIORTC_MODES: Final[dict[str, tuple[str, ...]]] = {
    ECHO: (),
    SAME_OPUS: ("--our-opus",),
    RECEIVE_ONLY: ("--receive-only",),
}


@dataclass(frozen=True)
class Server:
    """One server, and as many sessions as it holds in real time on a busy machine."""

    name: str
    command: tuple[str, ...]
    modes: dict[str, tuple[str, ...]]
    sessions: dict[str, int]


def servers(programs: Path, ours: str | None) -> list[Server]:
    """Give all that are here; ours is left out where the program does not serve."""
    aiortc = (sys.executable, str(ROOT / "bench/peers/aiortc_server.py"), "--port", "{port}")
    mirror = (str(programs / "webrtc_mirror"), "--port", "{port}")
    found = [
        Server("aiortc", aiortc, AIORTC_MODES, {ECHO: 6, SAME_OPUS: 6, RECEIVE_ONLY: 10}),
        Server("mirror", mirror, {ECHO: ()}, {ECHO: 50}),
    ]
    if ours is not None and serves(ours):
        sessions = {ECHO: 40, SAME_OPUS: 40, RECEIVE_ONLY: 200}
        found.insert(0, Server(OURS, (ours, *OUR_COMMAND), OUR_MODES, sessions))
    return found


def serves(program: str) -> bool:
    """Tell whether the program is there and knows `serve`."""
    if shutil.which(program) is None:
        return False
    done = subprocess.run([program, "serve", "--help"], capture_output=True, check=False)
    return done.returncode == 0


def free_port() -> int:
    """Give a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(server: Server, mode: str) -> Iterator[tuple[int, int]]:
    """Start a server, give its port and process once it takes connections, and end it."""
    port = free_port()
    command = [part.format(port=port) for part in (*server.command, *server.modes[mode])]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_S
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{server.name} does not listen: {' '.join(command)}")
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.kill()
        process.wait()


def listens(port: int) -> bool:
    """Tell whether a connection is taken."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def load(
    programs: Path, server: Server, mode: str, recording: Path, seconds: float
) -> dict[str, Any]:
    """Put the load on a server that is started for it."""
    sessions = server.sessions[mode]
    listening = mode == RECEIVE_ONLY
    with running(server, mode) as (port, pid):
        command = [str(programs / "webrtc_load"), f"http://127.0.0.1:{port}/api/offer", "--json"]
        command += ["--speech", str(recording), "--server-pid", str(pid)]
        command += ["--receive-only" if listening else "--echo"]
        command += ["--sessions", str(sessions), "--ramp-per-s", str(min(sessions / 2, 50))]
        command += ["--duration-s", str(seconds), "--probes", "0" if listening else "4"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{server.name}, {mode}: the load failed: {done.stdout.strip()}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def held_load(*arguments: Any) -> dict[str, Any]:
    """Put the load on a server until it returns what it got, or as often as makes sense."""
    for _ in range(TRIES):
        report = load(*arguments)
        if returned(report) >= LEAST_RETURNED or not report["packets"]["received"]:
            break
    return report


def returned(report: dict[str, Any]) -> float:
    """Give the share of the packets that came back."""
    packets = report["packets"]
    return float(packets["received"] / packets["sent"])


def share_of_a_core(report: dict[str, Any]) -> float:
    """Give what one session takes of a core of the server's."""
    used: float = report["server"]["cpu_s"]
    return used / report["seconds"] / report["sessions"]


def summary(sessions: int, reports: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the rounds of one server: costs of each, delays of the worst."""
    worst = max(reports, key=lambda report: (report["echo_delay_ms"] or {"p99": 0.0})["p99"])
    return {
        "sessions": sessions,
        "core_share": [share_of_a_core(report) for report in reports],
        "echo_delay_ms": worst["echo_delay_ms"],
        "connect_ms": worst["connect_ms"],
        "returned": min(map(returned, reports)),
        "gaps_over_60_ms": sum(report["gaps_over_60_ms"] for report in reports),
        "client_core_share": [
            report["client"]["cpu_s"] / report["seconds"] / report["sessions"] for report in reports
        ],
    }


def opus(programs: Path, recording: Path, rounds: int) -> dict[str, Any]:
    """Measure the codec alone, by bit rate: its time, and how what is sent sounds."""
    import pesq  # the benchmark's own; the rest of this file is used without it

    sent, rate = soundfile.read(recording, dtype="float32")
    found: dict[str, Any] = {}
    for bitrate in BITRATES:
        with tempfile.NamedTemporaryFile(suffix=".f32") as heard:
            command = [str(programs / "opus_ceiling"), str(recording)]
            command += ["--bitrate", str(bitrate), "--heard", heard.name]
            command += ["--rounds", str(max(rounds, 5))]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            samples = np.fromfile(heard.name, np.float32)
        found[str(bitrate)] = json.loads(done.stdout)
        found[str(bitrate)]["pesq"] = pesq.pesq(rate, sent[: len(samples)], samples, "wb")
    return found


def live_opus(programs: Path, recording: Path, sessions: int) -> dict[str, list[float]]:
    """Measure the codec alone at the rhythm of a server: the times of a packet."""
    command = [str(programs / "opus_ceiling"), str(recording), "--live", str(sessions)]
    command += ["--rounds", "1"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, list[float]] = json.loads(done.stdout)
    return found


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run every server in every mode, and the codec alone beside the echoes, in turns."""
    here = servers(options.programs, options.server)
    if options.sessions:
        same = dict.fromkeys(MODES, options.sessions)
        here = [replace(server, sessions=same) for server in here]
    modes = {}
    alone: list[dict[str, list[float]]] = []
    for mode in MODES:
        taking = [server for server in here if mode in server.modes]
        reports: dict[str, list[dict[str, Any]]] = {server.name: [] for server in taking}
        for _ in range(options.rounds):
            for server in taking:
                report = held_load(
                    options.programs, server, mode, options.recording, options.seconds
                )
                reports[server.name].append(report)
            if mode == ECHO:
                sessions = here[0].sessions[ECHO]
                alone.append(live_opus(options.programs, options.recording, sessions))
        modes[mode] = {
            server.name: summary(server.sessions[mode], reports[server.name]) for server in taking
        }
    return {
        "seconds": options.seconds,
        "rounds": options.rounds,
        "modes": modes,
        "opus": opus(options.programs, options.recording, options.rounds),
        "live_opus": {
            key: [time_us for round_ in alone for time_us in round_[key]]
            for key in ("decode_us", "encode_us")
        },
        "versions": {"aiortc": importlib.metadata.version("aiortc")},
    }


def main() -> None:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", type=Path, help="mono, 16 kHz")
    parser.add_argument("--programs", type=Path, default=DEFAULT_PROGRAMS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sessions", type=int, help="on each server (default: what it holds)")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--server", default=DEFAULT_SERVER, help="the program that serves")
    json.dump(measure(parser.parse_args()), sys.stdout)


if __name__ == "__main__":
    main()
