"""What a WebRTC server is asked for."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import Any, Final, Literal

from .exceptions import refuse_argument

__all__ = ["WebRTCConfig"]

# Fields that the native server has under another name, or not at all.
_NATIVE_NAMES: Final = {"static_files_path": "web_folder"}
_NOT_NATIVE: Final = ("stun_servers", "turn_servers", "enable_cors")
_MAX_PORT: Final = 65_535


@dataclass
class WebRTCConfig:
    """Settings of a `WebRTCServer`, closed by default: this machine only, no page of others.

    Parameters
    ----------
    host : str
        IP address to listen on, for HTTP and UDP. Browsers give a microphone to pages of localhost
        and of https only.
    port : int
        Of HTTP; 0 takes a free one.
    stun_servers, turn_servers : sequence
        Accepted for earlier programs, with a warning: the server is an ICE-lite peer that has
        addresses of its own and asks nobody for others.
    enable_cors : bool
        False lets no page of another server in, and refuses `allowed_origins`. True lets in those
        of `allowed_origins`, and never all.
    static_files_path : str or path, optional
        Serve the files of this folder instead of the page that is built in.
    udp_port : int
        Of the first shard, the next ones follow; 0: the number of `port`, or free ones.
    shards : int
        Threads that carry sessions, 0..64; 0: one for each processor.
    announced_addresses : sequence of str
        IP addresses that browsers send to, if they are not those of this machine.
    certificate, private_key : str or path, optional
        PEM files for https and wss; both or none.
    tokens : sequence of str
        Bearer tokens of those who may use it, each of 16 characters or more. None: everybody who
        reaches it.
    allowed_origins : sequence of str
        Pages of other servers that may use it, e.g. ``"https://example.org"``.
    max_sessions, max_sessions_per_address, max_requests_per_minute : int
        At one time; requests are those of one IP address.
    max_connections, max_connections_per_address : int
        Of HTTP, WebSockets among them.
    connect_timeout_s : float
        From a WebSocket to its offer, and from the offer to the first audio, 1 or more.
    grace_s : float
        How long a session lives on without its browser.
    max_session_age_s : float
        0: no limit.
    drain_timeout_s : float
        How long `WebRTCServer.stop` waits for sessions to end.
    bitrate, complexity : int
        Of the Opus that is sent: bit/s, 6000..128000, and 0..10. A browser's ``maxaveragebitrate``
        lowers it. From 64000 on, audio is encoded by transform as long as the browser loses
        nothing: as good to hear, in a third of the time.
    receive_rate, send_rate : int
        Of audio that goes into the pipeline and is sent: 8000, 12000, 16000, 24000 or 48000 Hz; 0:
        what the pipeline takes and gives.
    barge_in : bool
        Speech of the user ends what is being played.
    on_failure : str
        What a node that fails does to its session: "end" it, or "restart" its pipeline, which the
        factory makes anew; the fourth failure within 60 s ends it.
    metrics_interval_s : float
        Between reports to a page, 0.1 or more.

    Raises
    ------
    The configuration error: here for ports and `enable_cors`, in `WebRTCServer.start` for the rest.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    stun_servers: Sequence[str] = ()
    turn_servers: Sequence[Mapping[str, Any]] = ()
    enable_cors: bool = True
    static_files_path: str | os.PathLike[str] | None = None
    _: KW_ONLY
    udp_port: int = 0
    shards: int = 0
    announced_addresses: Sequence[str] = ()
    certificate: str | os.PathLike[str] | None = None
    private_key: str | os.PathLike[str] | None = None
    tokens: Sequence[str] = field(default=(), repr=False)
    allowed_origins: Sequence[str] = ()
    max_sessions: int = 1_000
    max_sessions_per_address: int = 100
    max_requests_per_minute: int = 300
    max_connections: int = 2_000
    max_connections_per_address: int = 250
    connect_timeout_s: float = 30.0
    grace_s: float = 60.0
    max_session_age_s: float = 0.0
    drain_timeout_s: float = 10.0
    bitrate: int = 64_000
    complexity: int = 5
    receive_rate: int = 0
    send_rate: int = 0
    barge_in: bool = False
    on_failure: Literal["end", "restart"] = "end"
    metrics_interval_s: float = 0.5

    def __post_init__(self) -> None:
        """Check what only Python knows."""
        for name in ("port", "udp_port"):
            value = getattr(self, name)
            if not isinstance(value, int) or not 0 <= value <= _MAX_PORT:
                refuse_argument(f"{name} is {value!r}, expected 0..{_MAX_PORT}")
        # Without their value, which is secret and would reach a log.
        tokens = self.tokens or ()
        if isinstance(tokens, str) or not all(isinstance(token, str) for token in tokens):
            refuse_argument("tokens is no list of text", hint='give one: tokens=["..."]')
        if self.allowed_origins and not self.enable_cors:
            refuse_argument(
                "allowed_origins is given, but enable_cors is False",
                hint="set enable_cors=True, or leave allowed_origins out",
            )
        if self.stun_servers or self.turn_servers:
            warnings.warn(
                "stun_servers and turn_servers have no effect: the server is an ICE-lite peer; "
                "announced_addresses names the addresses that browsers reach it at",
                UserWarning,
                stacklevel=3,
            )

    def to_native(self) -> dict[str, Any]:
        """Give the options of the native server."""
        options: dict[str, Any] = {}
        for setting in fields(self):
            value = getattr(self, setting.name)
            if setting.name in _NOT_NATIVE or value is None:
                continue
            name = _NATIVE_NAMES.get(setting.name, setting.name)
            options[name] = os.fspath(value) if isinstance(value, os.PathLike) else value
        if self.host == "localhost":
            options["host"] = "127.0.0.1"
        return options

    def url(self, port: int) -> str:
        """Give the address of the page, as a browser on this machine has it."""
        is_here = self.host in ("127.0.0.1", "::1", "0.0.0.0", "::", "localhost")
        host = "localhost" if is_here else self.host
        if ":" in host:
            host = f"[{host}]"
        return f"{'https' if self.certificate else 'http'}://{host}:{port}"
