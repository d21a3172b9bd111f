"""WebRTC sessions with pipelines of Python: what a page sends, gets and is told of failures."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from remotemedia import ConfigurationError, MediaIOError, Pipeline, runtime
from remotemedia.nodes import AudioResampleNode
from remotemedia.webrtc import WebRTCConfig, WebRTCServer
from webrtc_serving import AsyncCall, Call, nothing, once, run, server_is_built, serving, until

EXAMPLE = Path(__file__).parents[2] / "examples" / "webrtc" / "webrtc_pipeline_server.py"


pytestmark = pytest.mark.skipif(
    runtime.probe().available and not server_is_built(), reason="built without the WebRTC server"
)


# --- without a peer


def test_a_server_says_that_the_native_module_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "probe", lambda: runtime.Probe(False, None, "no such file"))
    server = WebRTCServer(WebRTCConfig(port=0), lambda: Pipeline([Call(nothing)]))
    with pytest.raises(ConfigurationError, match="native module cannot load: no such file"):
        run(server.start())
    assert not server.is_running


def test_a_server_needs_a_factory() -> None:
    with pytest.raises(ConfigurationError, match="pipeline_factory is None"):
        run(WebRTCServer(WebRTCConfig(port=0)).start())


def test_stun_and_turn_servers_warn_once() -> None:
    with pytest.warns(UserWarning, match="have no effect") as warned:
        WebRTCConfig(stun_servers=["stun:a"], turn_servers=[{"urls": "turn:b"}])
    assert len(warned) == 1
    assert warned[0].filename == __file__


def test_pages_of_others_are_let_in_by_name_only() -> None:
    assert "allowed_origins" in WebRTCConfig(enable_cors=True).to_native()
    assert not WebRTCConfig(enable_cors=True).to_native()["allowed_origins"]
    with pytest.raises(ConfigurationError, match="enable_cors is False"):
        WebRTCConfig(enable_cors=False, allowed_origins=["https://example.org"])


@pytest.mark.parametrize("port", [-1, 65_536, "8080"])
def test_a_port_that_is_none_is_refused(port: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"port is .*expected 0\.\.65535"):
        WebRTCConfig(port=port)


@pytest.mark.parametrize("tokens", ["0123456789abcdef", [b"0123456789abcdef"], b"0123456789abcdef"])
def test_tokens_are_shown_nowhere(tokens: Any) -> None:
    with pytest.raises(ConfigurationError, match="tokens is no list of text") as refused:
        WebRTCConfig(tokens=tokens)
    assert "abcdef" not in str(refused.value)
    assert "abcdef" not in repr(WebRTCConfig(tokens=["0123456789abcdef"]))


def test_urls_are_those_of_a_browser_here() -> None:
    assert WebRTCConfig().url(8080) == "http://localhost:8080"
    assert WebRTCConfig("10.0.0.7", certificate="a.pem").url(1) == "https://10.0.0.7:1"
    assert WebRTCConfig("fe80::1").url(1) == "http://[fe80::1]:1"


@pytest.mark.native_only
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bitrate": 1}, "bitrate is 1, expected 6000..128000"),
        ({"shards": 2**40}, "shards is 1099511627776, expected a whole number"),
        ({"grace_s": "long"}, "grace_s is .long., expected a time in seconds"),
        ({"allowed_origins": ["*"]}, "every page of the Web"),
        ({"tokens": ["short"]}, "16 or more"),
        ({"on_failure": "retry"}, "on_failure is .*retry.*, expected 'end' or 'restart'"),
        (
            {"certificate": "/nowhere/c.pem", "private_key": "/nowhere/k.pem"},
            "certificate is '/nowhere/c.pem', expected a PEM file that can be read; No such file",
        ),
    ],
)
def test_options_out_of_range_are_refused_at_the_start(
    options: dict[str, Any], message: str
) -> None:
    server = WebRTCServer(WebRTCConfig(port=0, **options), lambda: Pipeline([Call(nothing)]))
    with pytest.raises(ConfigurationError, match=message):
        run(server.start())
    assert not server.is_running


@pytest.mark.native_only
def test_a_port_that_is_taken_is_an_error_and_the_server_can_start_later() -> None:
    async def test() -> None:
        async with serving() as first:
            second = WebRTCServer(WebRTCConfig(port=first.port), lambda: Pipeline([Call(nothing)]))
            with pytest.raises(MediaIOError, match=str(first.port)):
                await second.start()
            assert not second.is_running

    run(test())


@pytest.mark.native_only
def test_twenty_servers_start_and_stop() -> None:
    async def test() -> None:
        threads = threading.active_count()
        for _ in range(20):
            async with serving() as server:
                assert server.port > 0
                assert len(server.udp_ports) == 2
            assert not server.is_running
        await until(lambda: threading.active_count() <= threads + 4)

    run(test())


@pytest.mark.native_only
def test_a_server_that_is_started_again_by_one_of_two_stops_goes_on() -> None:
    async def test() -> None:
        async with serving() as server:

            async def restart() -> None:
                await server.stop()
                await server.start()

            await asyncio.gather(restart(), server.stop())
            assert server.is_running
            assert server.port > 0

    run(test())


@pytest.mark.native_only
def test_a_stop_ends_serve_forever() -> None:
    async def test() -> None:
        async with serving() as server:
            served = asyncio.create_task(server.serve_forever())
            await asyncio.sleep(0)
            await server.stop()
            await asyncio.wait_for(served, 5)

    run(test())


@pytest.mark.native_only
def test_one_signal_ends_all_servers() -> None:
    async def test() -> None:
        config = WebRTCConfig(port=0, shards=1, drain_timeout_s=0.0)
        servers = [WebRTCServer(config, lambda: Pipeline([Call(nothing)])) for _ in range(2)]
        before = signal.getsignal(signal.SIGTERM)
        served = [asyncio.create_task(server.serve_forever()) for server in servers]
        await until(lambda: all(server.is_running for server in servers))
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(asyncio.gather(*served), 10)
        assert signal.getsignal(signal.SIGTERM) == before

    run(test())


@pytest.mark.native_only
def test_a_server_whose_loop_is_closed_can_be_stopped_on_another_one() -> None:
    config = WebRTCConfig(port=0, shards=1, drain_timeout_s=0.0)
    server = WebRTCServer(config, lambda: Pipeline([Call(nothing)]))
    run(server.start())
    assert server.is_running
    run(server.stop())
    assert not server.is_running


@pytest.mark.native_only
@pytest.mark.parametrize("timeout_s", [-1.0, float("inf"), float("nan"), 1e10])
def test_a_time_to_drain_that_is_none_is_refused(timeout_s: float) -> None:
    async def test() -> None:
        async with serving() as server:
            with pytest.raises(ConfigurationError, match=r"expected seconds from 0 to 1e9"):
                await server.stop(timeout_s)
            assert server.is_running

    run(test())


@pytest.mark.native_only
def test_a_server_that_nobody_stops_does_not_hold_up_the_end() -> None:
    program = """
        import asyncio
        from remotemedia import Pipeline
        from remotemedia.nodes import PassThroughNode
        from remotemedia.webrtc import WebRTCConfig, WebRTCServer
        async def main():
            server = WebRTCServer(WebRTCConfig(port=0), lambda: Pipeline([PassThroughNode()]))
            await server.start()
            print(server.port)
        asyncio.run(main())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 0


# --- with a peer

aiortc = pytest.importorskip("aiortc", reason="the peer of these tests")
from webrtc_peer import Peer, RefusedError, calling  # noqa: E402


@pytest.mark.native_only
def test_audio_of_the_page_reaches_a_node_with_its_metadata() -> None:
    blocks: list[Any] = []

    async def test() -> None:
        async with serving(lambda: Call(blocks.append)) as server, calling(server.url) as peer:
            await until(lambda: len(blocks) > 30)
            samples, rate, metadata = blocks[-1]
            assert (samples.dtype, samples.shape, rate) == (np.float32, (1, 960), 48_000)
            assert metadata["session_id"] == peer.session_id
            assert metadata["source"] == "webrtc"
            assert metadata["timestamp"] - blocks[-2][2]["timestamp"] == pytest.approx(0.02)
            level = np.sqrt(np.mean(np.square([block[0] for block in blocks[-10:]])))
            assert level == pytest.approx(0.3 / np.sqrt(2), rel=0.1)

    run(test())


@pytest.mark.native_only
def test_results_reach_the_page_by_their_kind() -> None:
    async def text_and_json() -> None:
        async with serving(lambda: Call(once("hello"))) as server, calling(server.url) as peer:
            said = await peer.message("text_response")
            assert said["text"] == "hello"
            assert said["timestamp"] == pytest.approx(time.time() * 1_000, abs=60_000)
        found = {"type": "found", "words": ["a", "b"], "score": 0.5}
        async with serving(lambda: Call(once(found))) as server, calling(server.url) as peer:
            assert await peer.message("found") == found

    run(text_and_json())


@pytest.mark.native_only
def test_audio_of_a_node_is_played_at_its_level() -> None:
    def quieter(data: Any) -> Any:
        return data[0] * np.float32(0.5), data[1]

    async def test() -> None:
        async with serving(lambda: Call(quieter)) as server, calling(server.url) as peer:
            expected = 0.3 / 2 / np.sqrt(2)
            await until(lambda: abs(peer.heard - expected) < 0.02)

    run(test())


@pytest.mark.native_only
def test_coroutines_of_nodes_run_on_the_loop_of_the_server() -> None:
    async def test() -> None:
        loops = []

        async def answer(_: Any) -> dict[str, Any]:
            await asyncio.sleep(0)
            loops.append(asyncio.get_running_loop())
            return {"type": "answer"}

        async with serving(lambda: AsyncCall(answer)) as server, calling(server.url) as peer:
            await peer.message("answer")
        assert set(loops) == {asyncio.get_running_loop()}

    run(test())


@pytest.mark.native_only
def test_native_and_python_nodes_run_in_one_session() -> None:
    rates: list[int] = []

    async def test() -> None:
        def make(session_id: str) -> Pipeline:
            ids.append(session_id)
            note = Call(lambda data: rates.append(data[1]))
            return Pipeline([AudioResampleNode(target_sample_rate=16_000, mono=True), note])

        ids: list[str] = []
        server = WebRTCServer(WebRTCConfig(port=0, drain_timeout_s=0.0), make)
        async with server, calling(server.url) as peer:
            await until(lambda: rates)
            session = await peer.message("session")
            assert session["session_id"] == peer.session_id == ids[0]
            kinds = [node["node_type"] for node in session["pipeline"]["nodes"]]
            assert kinds == ["AudioResampleNode", "Call"]
        assert set(rates) == {16_000}

    run(test())


async def failing() -> Pipeline:
    raise ValueError("no model for this language")


@pytest.mark.native_only
@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (lambda: Pipeline([]), "the pipeline has no nodes"),
        (failing, "ValueError: no model for this language"),
        (lambda: 3, "pipeline_factory gave a int, expected a Pipeline"),
    ],
)
def test_a_factory_that_fails_refuses_the_session(
    factory: Any, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        config = WebRTCConfig(port=0, drain_timeout_s=0.0)
        async with WebRTCServer(config, factory) as server:
            peer = Peer(lambda _: 0.0)
            with pytest.raises(RefusedError, match="the server's log tells why") as refused:
                await peer.call(server.url)
            await peer.close()
            assert refused.value.status == 500
            assert message not in str(refused.value)
            assert message in caplog.text
            assert server.connections() == []
            # Another factory makes the next session.
            server.set_pipeline_factory(lambda: Pipeline([Call(nothing)]))
            async with calling(server.url):
                assert len(server.connections()) == 1

    run(test())


@pytest.mark.native_only
def test_a_node_that_fails_ends_its_session_and_no_other() -> None:
    blocks: list[Any] = []

    def broken(_: Any) -> None:
        raise LookupError("no such word")

    async def test() -> None:
        nodes = [Call(broken), Call(blocks.append)]
        ended: list[tuple[str, str]] = []
        async with (
            serving(nodes.pop, on_session_end=lambda *end: ended.append(end)) as server,
            calling(server.url),
            calling(server.url) as failed,
        ):
            told = await failed.message("error")
            assert told["fatal"] is True
            assert f"node '{told['node_id']}' (Call)" in told["message"]
            assert told["message"].endswith("failed in process: LookupError: no such word")
            assert "Traceback" not in told["message"]
            await until(lambda: ended)
            assert ended[0][0] == failed.session_id
            assert "no such word" in ended[0][1]
            count = len(blocks)
            await until(lambda: len(blocks) > count + 20)
            assert len(server.connections()) == 1

    run(test())


async def echo(session_id: str, message: dict[str, Any]) -> dict[str, Any]:
    await asyncio.sleep(0)
    return {"type": "echo", "of": message, "session": session_id}


@pytest.mark.native_only
def test_messages_are_answered() -> None:
    async def test() -> None:
        async with serving(on_message=echo) as server, calling(server.url) as peer:
            sent = {"type": "note", "page": 7}
            peer.send(sent)
            told = await peer.message("echo")
            assert told == {"type": "echo", "of": sent, "session": peer.session_id}
        async with serving(on_message=lambda *_: "yes") as server, calling(server.url) as peer:
            peer.send({"type": "message", "message": "are you there"})
            assert (await peer.message("text_response"))["text"] == "yes"

    run(test())


@pytest.mark.native_only
def test_a_handler_that_fails_tells_the_page_and_the_session_lives() -> None:
    def handle(_: str, message: dict[str, Any]) -> dict[str, Any]:
        return {"type": "half", "value": 1 / message["value"]}

    async def test() -> None:
        async with serving(on_message=handle) as server, calling(server.url) as peer:
            peer.send({"type": "halve", "value": 0})
            told = await peer.message("error")
            assert told["message"] == "ZeroDivisionError: division by zero"
            assert told["fatal"] is False
            peer.send({"type": "halve", "value": 2})
            assert (await peer.message("half"))["value"] == 0.5

    run(test())


@pytest.mark.native_only
def test_a_handler_that_fails_on_a_file_without_a_proper_name_tells_the_page() -> None:
    def handle(_: str, message: dict[str, Any]) -> None:
        raise LookupError(os.fsdecode(b"no file \xff"))

    async def test() -> None:
        async with serving(on_message=handle) as server, calling(server.url) as peer:
            peer.send({"type": "find"})
            assert (await peer.message("error"))["message"] == "LookupError: no file \\udcff"

    run(test())


@pytest.mark.native_only
def test_broadcasts_reach_all_or_those_that_are_chosen() -> None:
    async def test() -> None:
        started: list[str] = []
        async with (
            serving(on_session_start=started.append) as server,
            calling(server.url) as first,
            calling(server.url) as second,
        ):
            await server.broadcast_to_connections({"type": "all"})
            await asyncio.gather(first.message("all"), second.message("all"))
            await server.broadcast_to_connections(
                {"type": "some"}, lambda connection: connection["id"] == second.session_id
            )
            await second.message("some")
            server.send(first.session_id, {"type": "last"})
            await first.message("last")
            assert "some" not in [message.get("type") for message in first.messages]
            assert sorted(started) == sorted([first.session_id, second.session_id])

    run(test())


@pytest.mark.native_only
def test_statistics_are_those_of_the_session() -> None:
    async def test() -> None:
        async with serving() as server, calling(server.url) as peer:

            def packets() -> int:
                found = server.get_connection_stats(peer.session_id)
                assert found is not None
                assert (found["id"], found["state"]) == (peer.session_id, "connected")
                assert found["data_channels"] == ["messages"]
                count: int = found["statistics"]["packets"]
                return count

            await until(lambda: packets() > 20)
            assert server.get_connection_stats("nobody") is None
            server.close_session(peer.session_id, "enough")
            assert (await peer.message("error"))["message"] == "enough"
            await until(lambda: not server.connections())

    run(test())


# --- the end


@pytest.mark.native_only
@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_a_server_stops_while_nodes_work(kind: str) -> None:
    async def test() -> None:
        working = threading.Event()

        def work(_: Any) -> None:
            working.set()
            sum(range(200_000))  # holds the GIL for milliseconds

        async def wait(_: Any) -> None:
            working.set()
            await asyncio.sleep(0.01)

        make = (lambda: Call(work)) if kind == "plain" else (lambda: AsyncCall(wait))
        async with serving(make) as server, calling(server.url), calling(server.url):
            await until(working.is_set)
            begin = time.monotonic()
            await server.stop()
            assert time.monotonic() - begin < 15
            assert server.connections() == []

    run(test())


@pytest.mark.native_only
def test_a_node_that_hangs_does_not_hold_up_the_stop_for_ever() -> None:
    async def test() -> None:
        hangs, release = threading.Event(), threading.Event()

        def hang(_: Any) -> None:
            hangs.set()
            release.wait(50)

        async with serving(lambda: Call(hang)) as server, calling(server.url):
            await until(hangs.is_set)
            begin = time.monotonic()
            await server.stop()
            assert time.monotonic() - begin < 20
            release.set()

    run(test())


@pytest.mark.native_only
def test_a_handler_that_stops_the_server_is_told_how() -> None:
    async def test() -> None:
        stops: list[asyncio.Task[None]] = []

        async def handle(_: str, message: dict[str, Any]) -> None:
            if message["type"] == "task":
                stops.append(asyncio.create_task(server.stop()))
            else:
                await server.stop()

        async with serving(on_message=handle) as server, calling(server.url) as peer:
            peer.send({"type": "stop"})
            assert "create_task" in (await peer.message("error"))["message"]
            assert server.is_running
            peer.send({"type": "task"})
            await until(lambda: not server.is_running)
            await stops[0]

    run(test())


@pytest.mark.native_only
def test_a_handler_that_waits_for_ever_is_cancelled_by_the_stop() -> None:
    async def test() -> None:
        waits, cancelled = asyncio.Event(), asyncio.Event()

        async def handle(*_: Any) -> None:
            waits.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        async with serving(on_message=handle) as server, calling(server.url) as peer:
            peer.send({"type": "wait"})
            await waits.wait()
            await server.stop()
            assert cancelled.is_set()

    run(test())


@pytest.mark.native_only
@pytest.mark.parametrize("use_ml", ["false", "true"])
def test_the_example_measures_an_utterance_and_ends_with_an_interrupt(use_ml: str) -> None:
    environment = os.environ | {"SERVER_PORT": "1", "REMOTEMEDIA_SERVER_PORT": "0"}
    environment |= {"USE_ML": use_ml, "ENABLE_PERSISTENCE": "true"}

    async def read_url(process: asyncio.subprocess.Process) -> str:
        assert process.stdout is not None
        return (await process.stdout.readline()).decode().partition("/webrtc_client")[0]

    async def until_measured(peer: Peer) -> None:
        said = await peer.message("text_response")
        assert said["text"].startswith("You spoke for ")
        seconds = float(said["text"].split()[3])
        assert seconds == pytest.approx(1.0 + 0.2 + 0.5, abs=0.35)  # and what is around it

    async def test() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(EXAMPLE),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            url = await read_url(process)
            async with calling(url, lambda s: 0.3 if 1.0 <= s < 2.0 else 0.0) as peer:
                nodes = (await peer.message("session"))["pipeline"]["nodes"]
                kinds = {node["node_type"] for node in nodes}
                assert ("SileroVADNode" in kinds) == (use_ml == "true")
                if use_ml == "false":  # a tone is no speech to the network
                    await until_measured(peer)
                peer.send({"type": "message", "message": "four"})
                await peer.message("text_response", text="You wrote 4 characters.")
        finally:
            process.send_signal(signal.SIGINT)
            out, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        assert out.decode().endswith("stopped\n")
        assert errors.decode() == "ENABLE_PERSISTENCE is set, and has no effect here\n"

    run(test())


def test_the_example_explains_itself() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "--use-ml" in done.stdout
    assert "REMOTEMEDIA_SERVER_HOST" in done.stdout
