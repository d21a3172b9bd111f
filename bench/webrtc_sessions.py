"""What sessions of our WebRTC server take and give: memory, time, audio over a bad network. JSON.

Usage: python bench/webrtc_sessions.py RECORDING [--programs build/bench/bench] [--quick]
           [--server PROGRAM]

One server with its default graph (Silero VAD, the audio comes back), and `webrtc_load` as its
clients. In turns: memory with and without sessions; processing time of ten sessions; ten sessions
over a network that loses a tenth of the packets; then waves of sessions, opened and closed, with
the memory of the process after each.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from webrtc_servers import DEFAULT_PROGRAMS, DEFAULT_SERVER, OURS, Server, running

SETTLE_S: Final = 30.0
LOSSY: Final = ("--loss", "0.1", "--jitter-ms", "60", "--delay-ms", "20")
LIMITS: Final = ("--max-sessions-per-address", "1000", "--max-requests-per-minute", "1000000")
BUCKET: Final = re.compile(r'remotemedia_server_processing_seconds_bucket\{le="([^"]+)"\} (\d+)')


@dataclass(frozen=True)
class Sizes:
    """How much of everything."""

    sessions: int  # for memory
    seconds: float
    waves: int
    wave: int  # sessions in each


FULL: Final = Sizes(sessions=200, seconds=20, waves=100, wave=100)
QUICK: Final = Sizes(sessions=20, seconds=3, waves=4, wave=20)


class Process:
    """A server that runs, and its clients."""

    def __init__(self, programs: Path, recording: Path, port: int, pid: int) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._pid = pid
        self._load = [str(programs / "webrtc_load"), f"{self._url}/api/offer", "--json"]
        self._load += ["--speech", str(recording), "--server-pid", str(pid)]

    def get(self, path: str) -> str:
        """Read a page of the server."""
        with urllib.request.urlopen(f"{self._url}{path}", timeout=10) as response:
            text: str = response.read().decode()
        return text

    def sessions(self) -> int:
        """Give how many are open."""
        count: int = json.loads(self.get("/health"))["active_connections"]
        return count

    def wait_for(self, sessions: int) -> None:
        """Wait until so many are open."""
        deadline = time.monotonic() + SETTLE_S
        while self.sessions() != sessions:
            if time.monotonic() > deadline:
                raise SystemExit(f"{self.sessions()} sessions are open, expected {sessions}")
            time.sleep(0.02)

    def memory_kib(self) -> int:
        """Give what the process has in memory."""
        text = Path(f"/proc/{self._pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", text)
        if found is None:
            raise SystemExit("the server is gone")
        return int(found[1])

    def settled_memory_kib(self) -> int:
        """Give the least of a while: what the last session had goes back on another thread."""
        found = []
        for _ in range(5):
            time.sleep(0.05)
            found.append(self.memory_kib())
        return min(found)

    def start_load(self, sessions: int, seconds: float, *words: str) -> subprocess.Popen[str]:
        """Open sessions that talk for so long."""
        command = [*self._load, "--sessions", str(sessions), "--duration-s", str(seconds), *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def load(self, sessions: int, seconds: float, *words: str) -> dict[str, Any]:
        """Open sessions, let them talk, close them, and give the client's report."""
        process = self.start_load(sessions, seconds, *words)
        text, _ = process.communicate()
        report: dict[str, Any] = json.loads(text or "{}")
        if report.get("connected") != sessions:
            raise SystemExit(f"the load of {sessions} sessions failed: {text.strip()}")
        self.wait_for(0)
        return report


def processing_p99_us(before: str, after: str) -> float:
    """Give the 99th percentile between two pages of /metrics, as Prometheus does."""
    earlier = [int(count) for _, count in BUCKET.findall(before)]
    buckets = [(float(limit), int(count)) for limit, count in BUCKET.findall(after)]
    counts = [count - first for (_, count), first in zip(buckets, earlier, strict=True)]
    wanted = 0.99 * counts[-1]
    lower, below = 0.0, 0
    for (limit, _), count in zip(buckets, counts, strict=True):
        if count >= wanted:
            return 1e6 * (lower + (limit - lower) * (wanted - below) / (count - below))
        lower, below = limit, count
    raise SystemExit("no audio was processed")


def memory_per_session(server: Process, sizes: Sizes) -> dict[str, float]:
    """Open sessions that talk, and see what the process takes more."""
    server.load(sizes.wave, 0.1)  # what is made once is there now
    idle = server.settled_memory_kib()
    load = server.start_load(sizes.sessions, 5, "--ramp-per-s", "50", "--probes", "0")
    server.wait_for(sizes.sessions)
    time.sleep(3)
    talking = server.memory_kib()
    load.communicate()
    server.wait_for(0)
    return {"idle_kib": idle, "session_kib": (talking - idle) / sizes.sessions}


def soak(server: Process, sizes: Sizes) -> dict[str, Any]:
    """Open and close waves of sessions; the slope is that of the second half."""
    memory = []
    for _ in range(sizes.waves):
        server.load(sizes.wave, 0.2, "--ramp-per-s", "200", "--probes", "0")
        memory.append(server.settled_memory_kib())
    later = memory[len(memory) // 2 :]
    numbers = [sizes.wave * i for i in range(len(later))]
    return {
        "sessions": sizes.waves * sizes.wave,
        "memory_kib": memory,
        "slope_kib_per_session": statistics.linear_regression(numbers, later).slope,
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run all of it on one server."""
    sizes = QUICK if options.quick else FULL
    command = (options.server, "serve", "--host", "127.0.0.1", "--port", "{port}", *LIMITS)
    with running(Server(OURS, command, {"all": ()}, {}), "all") as (port, pid):
        server = Process(options.programs, options.recording, port, pid)
        memory = memory_per_session(server, sizes)
        before = server.get("/metrics")
        clean = server.load(10, sizes.seconds, "--ramp-per-s", "10")
        processing = processing_p99_us(before, server.get("/metrics"))
        lossy = server.load(10, sizes.seconds, "--ramp-per-s", "10", "--decode", *LOSSY)
        soaked = soak(server, sizes)
    return {
        "memory": memory | {"sessions": sizes.sessions},
        "ten_sessions": {
            "processing_p99_us": processing,
            "echo_delay_ms": clean["echo_delay_ms"],
            "first_audio_ms": clean["first_audio_ms"],
        },
        "lossy": {
            "lost_share": lossy["packets"]["lost"]
            / (lossy["packets"]["received"] + lossy["packets"]["lost"]),
            "seconds": lossy["seconds"] * lossy["heard"]["sessions"],
            "lost": lossy["packets"]["lost"],
            **lossy["heard"],
        },
        "soak": soaked,
    }


def main() -> None:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", type=Path, help="mono, 16 kHz")
    parser.add_argument("--programs", type=Path, default=DEFAULT_PROGRAMS)
    parser.add_argument("--server", default=DEFAULT_SERVER, help="our program")
    parser.add_argument("--quick", action="store_true", help="few sessions")
    print(json.dumps(measure(parser.parse_args())))


if __name__ == "__main__":
    main()
