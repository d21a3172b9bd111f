"""A sound card that nobody hears. Without one Firefox runs no AudioContext."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving import DEADLINE_S, wait_for

OPTIONS = ("-n", "--exit-idle-time=-1", "--use-pid-file=no", "--log-level=error")


@contextmanager
def sound_card() -> Iterator[dict[str, str]]:
    """Give the environment in which a program plays to it; a PulseAudio of its own."""
    # Not in a test's folder, whose name may be longer than that of a socket can be.
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "socket"
        modules = (
            "module-null-sink",
            f"module-native-protocol-unix auth-anonymous=1 socket={socket}",
        )
        running = subprocess.Popen(
            ["pulseaudio", *OPTIONS, *(f"--load={module}" for module in modules)],
            env={**os.environ, "HOME": folder, "XDG_RUNTIME_DIR": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for("PulseAudio", socket.is_socket)
            yield {"PULSE_SERVER": f"unix:{socket}"}
        finally:
            running.terminate()
            running.wait(DEADLINE_S)
