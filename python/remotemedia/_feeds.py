"""What `Pipeline.run` takes, turned into what it does with a session."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

from . import audio, runtime
from ._cancel import CancelScope
from ._coroutines import await_from_thread
from ._engine import Engine, FileEngine
from ._graph import Graph
from ._items import parse_item
from ._packet import Audio, Packet
from .exceptions import refuse

__all__ = ["Feed", "make_feed"]

_ENDED: Final = object()


@dataclass
class Feed:
    """Gives the input to a session, on its thread, until the scope is cancelled.

    ``is_stream_of_blocks``: one clip arrives in blocks of our making, so that the results of a
    continuous graph are joined to the item that the whole clip would have given. ``item``: all that
    it gives, if that is one item, which is there.
    """

    run: Callable[[Engine, CancelScope], None]
    is_stream_of_blocks: bool = False
    item: Packet | None = None


def make_feed(
    graph: Graph, data: Any, loop: asyncio.AbstractEventLoop | None, use_native: bool = True
) -> Feed:
    """Decide what the argument of `Pipeline.run` means to this graph.

    Raises
    ------
    The configuration error if there is no input but a node needs one, or the reverse; the type
    error of an item.
    """
    _check_presence(graph, data)
    if data is None:
        return Feed(lambda engine, _: engine.run_sources(), is_stream_of_blocks=True)
    feed = _feed_of(graph, data, loop, use_native)
    if not graph.sources:
        return feed

    def run_both(engine: Engine, scope: CancelScope) -> None:
        engine.run_sources()
        feed.run(engine, scope)

    return Feed(run_both)


def _check_presence(graph: Graph, data: Any) -> None:
    if data is None and graph.inputs:
        refuse(
            "the input",
            "None",
            f"an item for node {graph.nodes[graph.inputs[0]].label}",
            "run(item), run(path), run([item, ...]) or run(async_iterator)",
        )
    if data is not None and not graph.inputs:
        refuse(
            "the input",
            f"a {type(data).__name__}",
            "none",
            "the graph's sources produce their own data; use run()",
        )


def _feed_of(
    graph: Graph, data: Any, loop: asyncio.AbstractEventLoop | None, use_native: bool
) -> Feed:
    if isinstance(data, AsyncIterable):
        return Feed(partial(_push_async, data, loop))
    if isinstance(data, Iterator):
        return Feed(partial(_push_all, (parse_item(item) for item in data)))
    if isinstance(data, list):
        clips = [_clip_of(graph, item, use_native) for item in data]
        return Feed(partial(_push_all, (clip() for clip in clips)))
    path = _path_of(graph, data)
    if path is None:
        packet = parse_item(data, ends_clip=True)
        return Feed(lambda engine, _: engine.push(packet), item=packet)
    # The nodes of other graphs may hold back or change what blocks begin and end.
    if graph.uses_native and graph.continuous and not graph.sources:
        return Feed(
            lambda engine, _: cast(FileEngine, engine).run_file(path), is_stream_of_blocks=True
        )
    return Feed(lambda engine, _: engine.push(_read_file(path, use_native)))


def _clip_of(graph: Graph, item: Any, use_native: bool) -> Callable[[], Packet]:
    """Give what makes the packet of a whole clip; files are read when it is their turn."""
    path = _path_of(graph, item)
    if path is not None:
        return lambda: _read_file(path, use_native)
    packet = parse_item(item, ends_clip=True)
    return lambda: packet


def _path_of(graph: Graph, item: Any) -> str | None:
    """Give the path of an audio file: a path object always is one, text if audio is wanted."""
    if isinstance(item, os.PathLike) or (isinstance(item, str) and graph.takes_audio):
        return audio.path_text(item, "read")
    return None


def _read_file(path: str, use_native: bool) -> Packet:
    # Without the warning of a failed load: the graph's nodes have given it, or need no module.
    is_native = use_native and runtime.requested_runtime() != "python" and runtime.probe().available
    samples, rate = audio.kernels("native" if is_native else "python").read_audio(path)
    return Packet(Audio(samples, rate), ends_clip=True)


def _push_all(packets: Iterable[Packet], engine: Engine, scope: CancelScope) -> None:
    for packet in packets:
        if scope.is_stopped:  # the iterator may have no end
            return
        engine.push(packet)


def _push_async(
    stream: AsyncIterable[Any],
    loop: asyncio.AbstractEventLoop | None,
    engine: Engine,
    scope: CancelScope,
) -> None:
    items = await_from_thread(_begin(stream), loop)
    try:
        while (item := await_from_thread(_next(items), loop)) is not _ENDED:
            if scope.is_stopped:
                return
            engine.push(parse_item(item))
    finally:
        if hasattr(items, "aclose"):  # a generator, which may hold a resource
            await_from_thread(items.aclose(), loop)


# All of an iterator's methods are called on the loop: some only work there.
async def _begin(stream: AsyncIterable[Any]) -> AsyncIterator[Any]:
    return aiter(stream)


async def _next(items: AsyncIterator[Any]) -> Any:
    return await anext(items, _ENDED)
