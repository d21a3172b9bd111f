"""The program on a terminal: progress, colours, Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli_program import (
    PROGRAM,
    SPEECH,
    TIMEOUT_S,
    UTTERANCES,
    environment,
    graph,
    node,
    sparse_wav,
    talk,
    write_wav,
)
from webrtc_serving import server_is_built

pytestmark = pytest.mark.native_only


class OnTerminal:
    """The program with its standard error, or all its output, on a terminal of 100 columns."""

    def __init__(self, *arguments: str | Path, whole: bool = False, **variables: str) -> None:
        self.screen, side = pty.openpty()
        env = environment(TERM="xterm", COLUMNS="100", **variables)
        self.process = subprocess.Popen(
            [PROGRAM, *map(str, arguments)],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=side if whole else subprocess.PIPE,
            stderr=side,
            text=True,
        )
        os.close(side)
        self.shown = ""

    def read(self) -> bool:
        """Take in what it shows next; false at its end."""
        try:
            block = os.read(self.screen, 65_536)
        except OSError:  # the program closed the terminal
            return False
        self.shown += block.decode()
        return bool(block)

    def wait_until_shown(self, text: str) -> None:
        while text not in self.shown:
            assert self.read(), f"{text!r} was not shown: {self.shown!r}"

    def finish(self) -> int:
        while self.read():
            pass
        return self.process.wait(TIMEOUT_S)


@contextmanager
def on_terminal(
    *arguments: str | Path, whole: bool = False, **variables: str
) -> Iterator[OnTerminal]:
    terminal = OnTerminal(*arguments, whole=whole, **variables)
    try:
        yield terminal
    finally:
        terminal.process.kill()
        terminal.process.wait()
        if terminal.process.stdout is not None:
            terminal.process.stdout.close()
        os.close(terminal.screen)


def wait_for(condition: Callable[[], bool]) -> None:
    """Polls: what another process does to a folder sends no event."""
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < end
        os.sched_yield()


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    """An hour and a half of silence: seconds of work."""
    return sparse_wav(tmp_path / "long.wav", 1 << 30)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


def test_progress_is_shown_on_a_terminal_and_taken_away(tmp_path: Path) -> None:
    path = sparse_wav(tmp_path / "long.wav", 1 << 28)
    with on_terminal("run", SPEECH, "-i", path, "--json") as terminal:
        assert terminal.finish() == 0
        assert terminal.process.stdout is not None
        assert json.loads(terminal.process.stdout.read())["status"] == "ok"
        shown = [re.sub(r"\033\[\d*[mK]", "", part) for part in terminal.shown.split("\r")]
    lines = [line for line in shown if line]
    assert lines
    for line in lines:
        assert re.fullmatch(r" *\d+% ━{10,30}  [\d:]+ / 23:18  \d+ x real time  [\d:]+ left", line)
        assert len(line) < 100
    percent = [int(line.split("%")[0]) for line in lines]
    assert percent == sorted(percent)
    assert terminal.shown.endswith("\r\033[K")


def test_progress_is_not_shown_elsewhere(tmp_path: Path) -> None:
    path = sparse_wav(tmp_path / "long.wav", 1 << 28)
    done = subprocess.run([PROGRAM, "run", SPEECH, "-i", path], capture_output=True, check=True)
    assert done.stderr == b""


def test_colours_are_for_terminals_that_want_them(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "talk.wav", talk(), 16_000)
    with on_terminal("run", SPEECH, "-i", path, whole=True) as terminal:
        assert terminal.finish() == 0
        assert "\033[1m" in terminal.shown
    with on_terminal("run", SPEECH, "-i", path, whole=True, NO_COLOR="1") as terminal:
        assert terminal.finish() == 0
        assert "\033" not in terminal.shown
        assert "x real time" in terminal.shown


def test_tables_are_wrapped_to_the_terminal() -> None:
    with on_terminal("nodes", "describe", "VADNode", whole=True) as terminal:
        assert terminal.finish() == 0
        lines = re.sub(r"\033\[\d*m", "", terminal.shown).splitlines()
    assert max(map(len, lines)) <= 80  # of a terminal that does not tell its width
    assert len(lines) > 20


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signal_ends_a_run_and_leaves_nothing(
    number: signal.Signals, code: int, long_file: Path, results: Path
) -> None:
    targets = ["-o", results / "o.wav", "--report", results / "r.html"]
    options = ["--metrics", results / "m.json", "--record", results / "r.rmrec"]
    with on_terminal("run", SPEECH, "-i", long_file, *targets, *options) as terminal:
        terminal.wait_until_shown("x real time")
        assert any(results.iterdir())  # under a temporary name
        terminal.process.send_signal(number)
        assert terminal.finish() == code
        assert terminal.shown.endswith("remotemedia: interrupted, nothing was written\r\n")
    assert list(results.iterdir()) == []


def test_interrupted_run_is_an_error_object_with_json(long_file: Path) -> None:
    with on_terminal("run", SPEECH, "-i", long_file, "--json") as terminal:
        terminal.wait_until_shown("%")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.finish() == 130
        assert terminal.process.stdout is not None
        answer = json.loads(terminal.process.stdout.read())
    assert answer["status"] == "error"
    assert answer["error"]["code"] == "RM9100"


def test_interrupted_run_leaves_no_clips(tmp_path: Path, results: Path) -> None:
    path = tmp_path / "long.wav"
    speech = write_wav(path, talk(), 16_000).read_bytes()[44:]
    sparse_wav(path, 1 << 30, rate=16_000, channels=1)
    with path.open("r+b") as file:
        file.seek(44)
        file.write(speech)

    def clip_is_complete() -> bool:
        return any(name.suffix == ".wav" for name in results.glob(".remotemedia-*/*"))

    with on_terminal("run", UTTERANCES, "-i", path, "-o", results / "u-{n}.wav") as terminal:
        wait_for(clip_is_complete)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.finish() == 130
    assert list(results.iterdir()) == []


def test_graph_that_writes_itself_leaves_nothing_when_interrupted(
    long_file: Path, results: Path
) -> None:
    nodes = [
        node("read", "MediaReaderNode", path=str(long_file)),
        node("low", "AudioResampleNode", target_sample_rate=8_000),
        node("write", "MediaWriterNode", output_path=str(results / "copy.wav")),
    ]
    manifest = graph(results.parent / "copy.json", nodes, ("read", "low"), ("low", "write"))
    with on_terminal("run", manifest) as terminal:
        wait_for(lambda: any(results.iterdir()))
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.finish() == 130
    assert list(results.iterdir()) == []


def test_waiting_for_items_can_be_interrupted(tmp_path: Path) -> None:
    manifest = graph(tmp_path / "same.json", [node("same")])
    command = [PROGRAM, "run", str(manifest), "-i", "-", "--json"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"1\n")
        assert json.loads(process.stdout.readline())["value"] == 1  # comes before the input's end
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT_S) == 130


@pytest.mark.parametrize("ignored", [True, False])
def test_a_server_outlives_its_terminal_under_nohup_only(ignored: bool, tmp_path: Path) -> None:
    manifest = graph(tmp_path / "same.json", [node("same")])
    command = [PROGRAM, "serve", str(manifest), "--port", "0", "--json"]
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGHUP, before)
    with process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["status"] == "serving"
        # A thread that waits for signals shows them as not blocked, the others do not.
        masks = [
            re.findall(r"^SigBlk:\s*(\w+)$", status.read_text(), re.MULTILINE)[0]
            for status in Path(f"/proc/{process.pid}/task").glob("*/status")
        ]
        is_waited_for = any(int(mask, 16) >> (signal.SIGHUP - 1) & 1 for mask in masks)
        process.send_signal(signal.SIGTERM if ignored else signal.SIGHUP)
        assert process.wait(TIMEOUT_S) == 0
        assert is_waited_for != ignored  # what is ignored and not waited for, the kernel drops


OFFER = f"""v=0
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:0
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=ice-ufrag:abcd
a=ice-pwd:{"p" * 22}
a=fingerprint:sha-256 {":".join(["AB"] * 32)}
a=setup:actpass
"""


@pytest.mark.skipif(not server_is_built(), reason="built without the WebRTC server")
@pytest.mark.parametrize(
    ("seconds", "said"),
    [("0", "ends 1 session"), ("0.001", "waits for 1 session, 0.001 s at most")],
)
def test_a_server_says_what_becomes_of_its_sessions(
    seconds: str, said: str, tmp_path: Path
) -> None:
    manifest = graph(tmp_path / "same.json", [node("same")])
    command = [PROGRAM, "serve", str(manifest), "--port", "0", "--json"]
    with subprocess.Popen(
        [*command, "--drain-timeout", seconds], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        kind = {"Content-Type": "application/sdp"}
        offer = urllib.request.Request(url + "/whip", OFFER.encode(), kind)
        with urllib.request.urlopen(offer, timeout=TIMEOUT_S) as answer:
            assert answer.status == 201
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=TIMEOUT_S)
    assert errors.decode() == f"remotemedia: {said}\n"


def test_a_reader_that_goes_away_ends_the_run_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [PROGRAM, "nodes", "list"], stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert done.returncode == -signal.SIGPIPE
    assert done.stderr == b""
