"""The program's server, started for a test, and what it says of its sessions."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from cli_program import PROGRAM, environment

DEADLINE_S = 30.0  # of a loaded machine


def wait_for(what: str, found: Callable[[], Any], deadline_s: float = DEADLINE_S) -> Any:
    """Ask until the answer is true; returns it."""
    end = time.monotonic() + deadline_s
    while not (answer := found()):
        assert time.monotonic() < end, f"not within {deadline_s:.0f} s: {what}"
        time.sleep(0.05)
    return answer


class Server(NamedTuple):
    """Of the program that runs."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        """What a browser opens."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, token: str = "") -> tuple[int, str]:
        """Status and body of a request."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def sessions(self) -> list[dict[str, Any]]:
        """What `/connections` lists."""
        status, body = self.get("/connections")
        assert status == 200, body
        answer = json.loads(body)
        assert answer["total"] == len(answer["connections"])
        listed: list[dict[str, Any]] = answer["connections"]
        return listed

    def wait_for_sessions(self, count: int) -> None:
        """Wait until there are so many."""
        wait_for(f"{count} sessions", lambda: len(self.sessions()) == count)


def _models() -> dict[str, str]:
    """A program from a build tree is told where its models are."""
    folder = os.environ.get("REMOTEMEDIA_MODELS")
    return {"REMOTEMEDIA_MODELS": folder} if folder else {}


@contextmanager
def serving(*arguments: str | Path) -> Iterator[Server]:
    """A server on a free port, which must end by itself when it is told to."""
    program = subprocess.Popen(
        [PROGRAM, "serve", *map(str, arguments), "--port", "0", "--json", "--drain-timeout", "0"],
        env=environment(**_models()),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        line = program.stdout.readline()
        assert line, f"the server ended with {program.wait(DEADLINE_S)}"
        yield Server(json.loads(line)["port"], program.pid)
        program.terminate()
        assert program.wait(DEADLINE_S) == 0
    finally:
        program.kill()
        program.wait()
