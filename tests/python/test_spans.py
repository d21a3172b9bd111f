"""OpenTelemetry spans of runs and sessions, as an application exports them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from remotemedia import Node, NodeError, Pipeline
from remotemedia.nodes import AddNode, MultiplyNode

SECRET = "a secret item"
EXPORTER = InMemorySpanExporter()


class Failing(Node):
    def process(self, data: Any) -> Any:
        raise ValueError(f"cannot take {data!r}")


@pytest.fixture(autouse=True)
def exporter() -> Iterator[InMemorySpanExporter]:
    # The API takes one provider per process.
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(EXPORTER))
        trace.set_tracer_provider(provider)
    EXPORTER.clear()
    yield EXPORTER
    EXPORTER.clear()


def only_span() -> ReadableSpan:
    (span,) = EXPORTER.get_finished_spans()
    return span


def attributes_of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def everything_in(span: ReadableSpan) -> str:
    return span.to_json()


def test_a_run_is_a_span_with_what_ran(use_rust: bool) -> None:
    pipeline = Pipeline([MultiplyNode(factor=2), AddNode(addend=1)], name="sum")
    assert pipeline.run_sync([1, 2, 3], use_rust=use_rust) == [3, 5, 7]
    span = only_span()
    graph = pipeline._build(use_rust)
    native = sum(node.runtime == "native" for node in graph.nodes)
    assert span.name == "remotemedia.run"
    assert attributes_of(span) == {
        "remotemedia.pipeline.name": "sum",
        "remotemedia.runtime": "native" if graph.uses_native else "python",
        "remotemedia.nodes.native": native,
        "remotemedia.nodes.python": 2 - native,
        "remotemedia.results": 3,
    }
    assert span.status.is_unset
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time <= span.end_time


def test_a_session_is_a_span_with_its_counts(use_rust: bool) -> None:
    pipeline = Pipeline([AddNode(addend=1)], name="live")

    async def main() -> None:
        async with pipeline.session("s-1", use_rust=use_rust) as session:
            for number in range(4):
                await session.push(number)
            await session.finish()
            assert [item async for item in session] == [1, 2, 3, 4]
            assert EXPORTER.get_finished_spans() == (), "it lasts as long as the session"

    asyncio.run(main())
    span = only_span()
    assert span.name == "remotemedia.session"
    attributes = attributes_of(span)
    assert attributes["remotemedia.session.id"] == "s-1"
    assert (attributes["remotemedia.pushed"], attributes["remotemedia.results"]) == (4, 4)


def test_the_parent_is_the_span_of_the_caller_also_side_by_side(use_rust: bool) -> None:
    tracer = trace.get_tracer("application")

    async def call(name: str) -> None:
        with tracer.start_as_current_span(name):
            await Pipeline([AddNode()], name=name).run([1, 2], use_rust=use_rust)

    async def main() -> None:
        await asyncio.gather(call("one"), call("two"))

    asyncio.run(main())
    spans = EXPORTER.get_finished_spans()
    outer = {span.context.span_id: span.name for span in spans if span.name in {"one", "two"}}
    inner = [span for span in spans if span.name == "remotemedia.run"]
    assert len(inner) == len(outer) == 2
    for span in inner:
        assert span.parent is not None
        assert outer[span.parent.span_id] == attributes_of(span)["remotemedia.pipeline.name"]


def test_a_failure_is_an_error_without_the_item_in_it(use_rust: bool) -> None:
    pipeline = Pipeline([Failing(name="bad")], name="fails")
    with pytest.raises(NodeError, match=SECRET):
        pipeline.run_sync(SECRET, use_rust=use_rust)
    span = only_span()
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.status.description == "NodeError"
    (event,) = span.events
    assert event.name == "exception"
    assert dict(event.attributes or {}) == {
        "exception.type": "NodeError",
        "remotemedia.node.id": pipeline._build(use_rust).nodes[0].id,
        "remotemedia.node.type": "Failing",
        "remotemedia.stage": "process",
    }
    assert SECRET not in everything_in(span)


def test_a_session_that_fails_is_an_error(use_rust: bool) -> None:
    pipeline = Pipeline([Failing()])

    async def main() -> None:
        async with pipeline.session(use_rust=use_rust) as session:
            session.try_push(SECRET)
            with pytest.raises(NodeError):
                await session.flush()

    asyncio.run(main())
    span = only_span()
    assert span.status.status_code is trace.StatusCode.ERROR
    assert attributes_of(span)["remotemedia.pushed"] == 1
    assert SECRET not in everything_in(span)


def test_a_run_that_is_cancelled_says_so(use_rust: bool) -> None:
    started = asyncio.Event()

    class Waiting(Node):
        async def process(self, data: Any) -> Any:
            started.set()
            await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(Pipeline([Waiting()]).run(1, use_rust=use_rust))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert attributes_of(only_span())["remotemedia.cancelled"] is True


def test_without_opentelemetry_in_use_nothing_is_imported() -> None:
    script = (
        "import sys; from remotemedia import Pipeline; from remotemedia.nodes import AddNode; "
        "assert Pipeline([AddNode(addend=1)]).run_sync(1) == 2; "
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
