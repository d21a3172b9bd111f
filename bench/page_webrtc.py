"""The section of docs/benchmarks.md on WebRTC servers, and the tables of docs/server.md."""

from __future__ import annotations

from typing import Any, Final

from markdown import percent, table, time_text, x
from timing import median, times_faster

__all__ = [
    "codec_sessions",
    "sessions_per_core",
    "webrtc_servers",
    "webrtc_sessions",
    "with_tables",
]

OURS: Final = "remotemedia"
INTRO: Final = """## WebRTC servers

Speech in Opus from many clients at once, one process for each server (`bench/webrtc_servers.py`):
it decodes, resamples to 16 kHz and looks for speech; in *echo* it also sends that audio back. The
processor time is that of the server's process, over {seconds:.0f} s of all sessions talking, the
median of {rounds} rounds in turns; *sessions per core* is one over a session's part of it, not a
load that was tried. *Echo* is from the packet that leaves a client to its sound being played there,
both jitter buffers included. The mirror gives packets back without decoding: the transport alone.
A server that does not hold its sessions returns less of their packets. aiortc {aiortc} sends stereo
at 96 kbit/s, as it does by itself; in *echo, same Opus* it sends mono at 64 kbit/s from 16 kHz, as
ours does.

"""
SESSIONS: Final = """
### Sessions of ours

The default graph (Silero VAD, the audio comes back), `bench/webrtc_sessions.py`.

"""
CODEC: Final = """
Opus alone ({library}), mono at 16 kHz, complexity 5: the processor time of a packet of 20 ms of
speech that comes in as browsers send it, at most so many echoes on a core, and PESQ of the
recording as it is heard (wideband, 4.64 is the best). At 64 kbit/s Opus transforms what it
predicts below; while a peer loses packets, ours predicts there too, for FEC. *Live*: the packets of
as many sessions as our server has above come one by one, as from a network, measured in turns with
the servers; in between the processor sleeps and its caches go cold.

"""
# Around the tables of docs/server.md.
TABLES_BEGIN: Final = "<!-- Written by bench/run.py, to the end of the tables. -->\n"
TABLES_END: Final = "<!-- The end of the tables. -->\n"
OF_OURS: Final = "A session of ours with the default graph, Silero VAD and echo:\n"
PACKETS_PER_S: Final = 50  # of 20 ms
BY_ITSELF: Final = "64000"  # bit/s, of our server


def sessions_per_core(entry: dict[str, Any]) -> float:
    """Give how many of a server's sessions fill one core."""
    return 1 / median(entry["core_share"])


def codec_sessions(cost: dict[str, Any]) -> float:
    """Give how many sessions Opus alone lets a core decode and encode."""
    return 1e6 / PACKETS_PER_S / (median(cost["decode_us"]) + median(cost["encode_us"]))


def _codec(opus: dict[str, Any], live: dict[str, list[float]]) -> str:
    costs = {f"{int(bitrate) // 1000} kbit/s": cost for bitrate, cost in opus.items()}
    costs[f"{int(BY_ITSELF) // 1000} kbit/s, live"] = live
    rows = [
        (
            name,
            time_text(median(cost["decode_us"])),
            time_text(median(cost["encode_us"])),
            f"{codec_sessions(cost):.0f}",
            f"{cost['pesq']:.2f}" if "pesq" in cost else "",
        )
        for name, cost in costs.items()
    ]
    head = ("", "decode", "encode", "echoes on a core", "PESQ")
    return CODEC.format(library=opus[BY_ITSELF]["library"]) + table(head, rows)


def webrtc_servers(results: dict[str, Any]) -> str:
    """Show what a session takes of each server."""
    found = results["webrtc_servers"]
    text = INTRO.format(**found, aiortc=found["versions"]["aiortc"])
    rows = []
    for mode, entries in found["modes"].items():
        ours = entries.get(OURS)
        for name, entry in entries.items():
            delay = entry["echo_delay_ms"]
            ratio = times_faster(entry["core_share"], ours["core_share"]) if ours else None
            rows.append(
                (
                    f"{mode}, {name}",
                    f"{entry['sessions']}",
                    f"{100 * median(entry['core_share']):.2f} %",
                    percent(entry["core_share"]),
                    f"{sessions_per_core(entry):.0f}",
                    x(ratio) if ratio is not None and name != OURS else "",
                    f"{delay['p50']:.0f} / {delay['p99']:.0f} ms" if delay else "",
                    f"{entry['returned']:.1%}" if delay else "",
                    f"{entry['gaps_over_60_ms']}",
                )
            )
    head = ("", "sessions", "of a core", "spread", "per core", "ours is cheaper")
    text += table((*head, "echo p50 / p99", "returned", "gaps > 60 ms"), rows)
    return text + _codec(found["opus"], found["live_opus"])


def webrtc_sessions(results: dict[str, Any]) -> str:
    """Show what a session of ours takes and gives."""
    return SESSIONS + _sessions_table(results)


def _sessions_table(results: dict[str, Any]) -> str:
    found = results["webrtc_sessions"]
    memory, ten, lossy, soak = (found[k] for k in ("memory", "ten_sessions", "lossy", "soak"))
    rows = [
        (
            f"memory of a session, {memory['sessions']} open",
            f"{memory['session_kib']:.0f} KiB",
        ),
        (
            f"memory that {soak['sessions']} sessions leave, opened and closed",
            f"{soak['slope_kib_per_session']:.3f} KiB each",
        ),
        ("time of the graph for 20 ms, ten sessions, p99", time_text(ten["processing_p99_us"])),
        ("from the offer to the first audio back, p50", f"{ten['first_audio_ms']['p50']:.0f} ms"),
        ("echo, both jitter buffers included, p50", f"{ten['echo_delay_ms']['p50']:.0f} ms"),
        (
            f"{lossy['lost_share']:.1%} of packets lost, 60 ms of jitter: concealed, longest gap",
            f"{lossy['concealed_ms'] / lossy['seconds'] / 10:.1f} %, "
            f"{lossy['longest_gap_ms']:.0f} ms",
        ),
        (
            "... of the lost packets, played from the copy in the next",
            f"{lossy['recovered'] / lossy['lost']:.0%}" if lossy["lost"] else "-",
        ),
    ]
    return table(("", "measured"), rows)


def with_tables(page: str, results: dict[str, Any]) -> str:
    """Put both servers side by side, and a session of ours, between the marks of docs/server.md."""
    modes = results["webrtc_servers"]["modes"]
    servers = (OURS, "aiortc")
    labels = {
        "receive-only": "sessions on a core: Opus in, 16 kHz, energy VAD",
        "echo": "the same, and the audio goes back",
        "echo, same Opus": "the same, aiortc with our Opus settings",
    }
    rows = [
        (label, *(f"{sessions_per_core(modes[mode][name]):.0f}" for name in servers))
        for mode, label in labels.items()
    ]
    delays = [modes["echo"][name]["echo_delay_ms"] for name in servers]
    shown = [f"{delay['p50']:.0f} / {delay['p99']:.0f} ms" for delay in delays]
    rows.append(("echo, both jitter buffers included, p50 / p99", *shown))
    before, begin, rest = page.partition(TABLES_BEGIN)
    _, end, after = rest.partition(TABLES_END)
    if not end:
        raise ValueError(f"docs/server.md: expected {TABLES_BEGIN!r}, tables and {TABLES_END!r}")
    servers_table = table(("", "ours", "aiortc"), rows)
    return f"{before}{begin}\n{servers_table}\n{OF_OURS}\n{_sessions_table(results)}\n{end}{after}"
