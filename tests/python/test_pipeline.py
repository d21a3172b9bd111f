"""What a pipeline is: its nodes, its text forms, its life."""

from __future__ import annotations

import ast
import asyncio
import copy
import importlib.metadata
import json
import logging
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import remotemedia
from remotemedia import (
    ConfigurationError,
    ManifestError,
    Node,
    NodeError,
    Pipeline,
    PipelineError,
    SerializationError,
    runtime,
)
from remotemedia import nodes as builtin
from remotemedia._node_types import builtin_types
from remotemedia.nodes.audio import AudioResampleNode, FormatConverterNode, VADNode
from remotemedia.nodes.general import AddNode, MultiplyNode, PassThroughNode, TextTransformNode
from signals import tone

ROOT = Path(__file__).parents[2]


class Suffix(Node):
    """Appends a text."""

    def __init__(self, text: str = "!", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.text = text

    def process(self, data: Any) -> Any:
        return f"{data}{self.text}"


class Opened(Node):
    """Counts how often it is initialised and cleaned up."""

    def __init__(self, log: list[str], fails: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.log = log
        self.fails = fails

    def initialize(self) -> None:
        self.log.append(f"open {self.name}")
        if self.fails:
            raise OSError("no such device")

    def process(self, data: Any) -> Any:
        return data

    def cleanup(self) -> None:
        self.log.append(f"close {self.name}")


# --- nodes


def test_add_node_gives_the_pipeline_and_appends() -> None:
    pipeline = Pipeline(name="numbers")
    assert pipeline.add_node(MultiplyNode()).add_node(AddNode(addend=1)) is pipeline
    assert [node.name for node in pipeline] == ["MultiplyNode", "AddNode"]
    assert len(pipeline) == pipeline.node_count == 2
    assert pipeline.remote_node_count == 0
    assert "numbers" in repr(pipeline)
    assert "MultiplyNode" in repr(pipeline)


def test_add_node_takes_an_id() -> None:
    pipeline = Pipeline().add_node("twice", MultiplyNode()).add_node(AddNode())
    ids = [node["id"] for node in json.loads(pipeline.serialize())["nodes"]]
    assert ids == ["twice", "AddNode_1"]
    assert pipeline.get_node("twice") is pipeline.nodes[0]


@pytest.mark.parametrize("wrong", ["text", 3, MultiplyNode])
def test_add_node_refuses_what_is_no_node(wrong: Any) -> None:
    with pytest.raises(PipelineError, match="expected a Node"):
        Pipeline().add_node(wrong)


def test_add_node_refuses_an_id_that_no_manifest_can_hold() -> None:
    with pytest.raises(PipelineError, match="'a b' is no node id"):
        Pipeline().add_node("a b", PassThroughNode())


def test_two_nodes_of_one_id_are_refused_before_the_run() -> None:
    pipeline = Pipeline().add_node("same", AddNode()).add_node("same", AddNode())
    with pytest.raises(ManifestError, match="Duplicate node ID: same"):
        pipeline.run_sync(1)


def test_remove_and_get_take_the_first_match() -> None:
    first, second = AddNode(name="add"), AddNode(name="add", addend=5)
    pipeline = Pipeline([first, second])
    assert pipeline.get_node("add") is first
    assert pipeline.remove_node("add")
    assert pipeline.get_node("add") is second
    assert not pipeline.remove_node("other")
    assert pipeline.get_node("other") is None
    assert pipeline.run_sync(1) == 6


def test_name_is_made_or_checked() -> None:
    assert re.fullmatch(r"Pipeline_\d+", Pipeline().name)
    with pytest.raises(ConfigurationError, match=r"expected a text of 1\.\.255"):
        Pipeline(name="x" * 256)


def test_an_empty_pipeline_cannot_run() -> None:
    with pytest.raises(PipelineError, match="the pipeline has no nodes; add one with add_node"):
        Pipeline().run_sync(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"nodes": AddNode()}, r"nodes is AddNode.*, expected a list of nodes; Pipeline\(\[node"),
        ({"nodes": "AddNode"}, "nodes is 'AddNode', expected a list of nodes"),
        ({"enable_metrics": "no"}, "enable_metrics is 'no', expected True or False"),
    ],
)
def test_wrong_arguments_are_refused_by_name(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Pipeline(**arguments)


def test_get_config_names_the_nodes() -> None:
    pipeline = Pipeline([AddNode(addend=3)], name="sum")
    assert pipeline.get_config() == {
        "name": "sum",
        "node_count": 1,
        "remote_node_count": 0,
        "nodes": [{"name": "AddNode", "class": "AddNode", "config": {"addend": 3.0}}],
        "is_initialized": False,
    }


# --- life


def test_initialize_holds_users_nodes_open_over_runs() -> None:
    log: list[str] = []
    pipeline = Pipeline([Opened(log)])

    async def main() -> None:
        async with pipeline.managed_execution() as managed:
            assert managed is pipeline
            assert pipeline.is_initialized
            await pipeline.initialize()  # repeatable
            assert await pipeline.run(1) == 1
            assert await pipeline.run(2) == 2
            assert log == ["open Opened"]
        assert not pipeline.is_initialized
        await pipeline.cleanup()  # repeatable

    asyncio.run(main())
    assert log == ["open Opened", "close Opened"]


def test_without_initialize_each_run_opens_and_closes() -> None:
    log: list[str] = []
    pipeline = Pipeline([Opened(log)])
    pipeline.run_sync(1)
    pipeline.run_sync(2)
    assert log == ["open Opened", "close Opened"] * 2


def test_initialize_that_fails_cleans_all_up() -> None:
    log: list[str] = []
    nodes = [Opened(log, name="a"), Opened(log, fails=True, name="b"), Opened(log, name="c")]
    pipeline = Pipeline(nodes)
    with pytest.raises(PipelineError, match=r"initialization failed: .*'b_1'.*no such device"):
        asyncio.run(pipeline.initialize())
    assert not pipeline.is_initialized
    assert log[:2] == ["open a", "open b"]
    assert log[-1] == "close a"
    assert "open c" not in log


def test_initialize_refuses_an_empty_pipeline() -> None:
    with pytest.raises(PipelineError, match="Cannot initialize empty pipeline"):
        asyncio.run(Pipeline().initialize())


def test_nodes_cannot_change_while_initialized() -> None:
    async def main() -> None:
        async with Pipeline([AddNode()]).managed_execution() as pipeline:
            with pytest.raises(PipelineError, match="Cannot add nodes of an initialized"):
                pipeline.add_node(AddNode())
            with pytest.raises(PipelineError, match="Cannot remove nodes of an initialized"):
                pipeline.remove_node("AddNode")

    asyncio.run(main())


def test_process_streams_and_needs_initialize() -> None:
    async def numbers() -> Any:
        for number in (1, 2, 3):
            yield number

    async def main() -> list[Any]:
        pipeline = Pipeline([MultiplyNode(factor=2)])
        with pytest.raises(PipelineError, match="not initialized"):
            _ = [item async for item in pipeline.process(numbers())]
        async with pipeline.managed_execution():
            assert [item async for item in pipeline.process([5])] == [10]
            return [item async for item in pipeline.process(numbers())]

    assert asyncio.run(main()) == [2, 4, 6]


def test_process_passes_on_what_the_stream_raises() -> None:
    async def broken() -> Any:
        yield 1
        raise LookupError("the line is dead")

    seen = []

    async def main() -> None:
        async with Pipeline([AddNode(addend=1)]).managed_execution() as pipeline:
            async for item in pipeline.process(broken()):
                seen.append(item)

    with pytest.raises(LookupError, match="the line is dead"):
        asyncio.run(main())
    assert seen == [2]


# --- text forms


def chain() -> Pipeline:
    nodes = [
        AudioResampleNode(target_sample_rate=16_000, quality="low", runtime_hint="rust"),
        VADNode(sample_rate=16_000, aggressiveness=3, runtime_hint="python", name="vad"),
        FormatConverterNode(target_format="i16", dither=True),
    ]
    return Pipeline(nodes, name="chain")


def test_serialize_loads_back_to_an_equal_pipeline() -> None:
    text = chain().serialize()
    again = Pipeline.from_manifest(text)
    assert again.serialize() == text
    item = (tone(), 48_000)
    for a, b in zip(chain().run_sync(item), again.run_sync(item), strict=True):
        assert np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b


def test_a_pipeline_has_one_date(monkeypatch: pytest.MonkeyPatch) -> None:
    dates = (f"2026-01-31T12:00:{second:02}Z" for second in range(60))
    monkeypatch.setattr("remotemedia._node_list.utc_now", lambda: next(dates))
    for made in (chain(), Pipeline.from_yaml(BRANCHES)):
        text = made.serialize()
        assert made.serialize() == text
        assert copy.copy(made).serialize() == text
        assert Pipeline.from_manifest(text).serialize() == text


def make(node_type: Any, tmp_path: Path) -> Node:
    required = {
        "buffer_size_samples": 160,
        "path": str(tmp_path / "in.wav"),
        "output_path": str(tmp_path / "out.wav"),
    }
    params = {s.name: required[s.name] for s in node_type.parameters if s.name in required}
    node: Node = getattr(builtin, node_type.name)(**params)
    return node


WRITABLE = [t for t in builtin_types() if t.name != "TextTransformNode"]  # takes a function


@pytest.mark.parametrize("node_type", WRITABLE, ids=lambda t: t.name)
def test_every_builtin_node_survives_the_manifest(node_type: Any, tmp_path: Path) -> None:
    text = Pipeline([make(node_type, tmp_path)], name="one").serialize()
    written = json.loads(text)["nodes"][0]
    assert set(written["params"]) == {spec.name for spec in node_type.parameters}
    assert Pipeline.from_manifest(text).serialize() == text


def test_a_node_that_takes_a_function_runs_in_both_sessions(use_rust: bool) -> None:
    pipeline = Pipeline([PassThroughNode(), TextTransformNode(transform_func=str.upper)])
    assert pipeline.run_sync(["a", ("b", 1)], use_rust) == ["A", ("B", 1)]


def test_serialize_names_the_node_and_the_function_that_it_cannot_write() -> None:
    pipeline = Pipeline([TextTransformNode(str.upper, name="shout")])
    with pytest.raises(
        SerializationError,
        match=r"node 'shout_0' \(TextTransformNode\): parameter 'transform_func' is a .*no text",
    ):
        pipeline.serialize()


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), 2**64, b"x", {1: "a"}, [object()]])
def test_serialize_refuses_what_json_cannot_hold(value: Any) -> None:
    class Holding(Node):
        def __init__(self, value: Any) -> None:
            super().__init__()
            self.value = value

        def process(self, data: Any) -> Any:
            return data

    with pytest.raises(SerializationError, match=r"parameter 'value' is .*, which has no text"):
        Pipeline([Holding(value)]).serialize()


def test_users_classes_load_by_name() -> None:
    text = Pipeline([Suffix(text="?", name="ask")]).serialize()
    assert Pipeline.from_manifest(text).run_sync(["why"]) == "why?"


def test_a_users_constructor_that_refuses_its_parameters_is_named() -> None:
    manifest = json.loads(Pipeline([Suffix(name="ask")]).serialize())
    manifest["nodes"][0]["params"] = {"txt": "?", "enable_state": 3, "state_ttl": -1}
    with pytest.raises(ManifestError, match=r"node 'ask_0' \(Suffix\): .*state_ttl"):
        Pipeline.from_manifest(manifest)


def test_loaded_pipelines_keep_ids_description_date_and_placement(tmp_path: Path) -> None:
    manifest = {
        "version": "v1",
        "metadata": {"name": "n", "description": "d", "created_at": "2026-01-31T12:00:00Z"},
        "nodes": [
            {
                "id": "double",
                "node_type": "MultiplyNode",
                "params": {"factor": 2.0},
                "runtime_hint": "auto",
                "capabilities": {"memory_gb": 1},
                "execution": {"placement": "local"},
            }
        ],
        "connections": [],
    }
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    pipeline = Pipeline.from_file(path)
    assert json.loads(pipeline.serialize()) == manifest
    assert pipeline.get_node("double") is pipeline.nodes[0]
    assert pipeline.run_sync(4) == 8


BRANCHES = """
version: v1
metadata: {name: branches}
nodes:
  - {id: in, node_type: PassThroughNode}
  - {id: double, node_type: MultiplyNode, params: {factor: 2}}
  - {id: triple, node_type: MultiplyNode, params: {factor: 3}}
  - {id: sum, node_type: PassThroughNode}
connections:
  - {from: in, to: triple}
  - {from: in, to: double, output_port: default, input_port: default}
  - {from: double, to: sum}
"""


def test_branches_load_run_and_serialize(tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text(BRANCHES, encoding="utf-8")
    pipeline = Pipeline.from_file(str(path))
    # outputs of several sinks in the order of the manifest
    assert pipeline.run_sync(10) == [30, 20]
    again = Pipeline.from_manifest(pipeline.serialize())
    assert again.serialize() == pipeline.serialize()
    assert again.run_sync([1, 2]) == [3, 6, 2, 4]


def test_a_pipeline_that_branches_cannot_change() -> None:
    pipeline = Pipeline.from_yaml(BRANCHES)
    with pytest.raises(PipelineError, match="no chain"):
        pipeline.add_node(AddNode())
    with pytest.raises(PipelineError, match="no chain"):
        pipeline.remove_node("sum")


def test_a_loaded_chain_can_grow() -> None:
    pipeline = Pipeline.from_manifest(Pipeline([AddNode(addend=1)]).serialize())
    assert pipeline.add_node(MultiplyNode(factor=10)).run_sync(1) == 20


def test_from_yaml_takes_text_and_paths(tmp_path: Path) -> None:
    path = tmp_path / "graph.yml"
    path.write_text(BRANCHES, encoding="utf-8")
    texts = {Pipeline.from_yaml(source).serialize() for source in (BRANCHES, path, str(path))}
    assert len({re.sub('"created_at": "[^"]*"', "", text) for text in texts}) == 1


def test_the_second_dialect_loads_with_its_config() -> None:
    manifest = {
        "version": "1.0",
        "nodes": [
            {"id": "a", "type": "PassThrough", "runtime_hint": "rust"},
            {"id": "b", "type": "AddNode", "params": {"addend": 1}},
        ],
        "edges": [{"from": "a", "to": "b", "output_key": "default", "input_key": "default"}],
        "config": {"enable_metrics": True},
    }
    pipeline = Pipeline.from_manifest({**manifest, "nodes": [{**n} for n in manifest["nodes"]]})
    assert pipeline.enable_metrics
    assert json.loads(pipeline.serialize())["nodes"][0] == {
        "id": "a",
        "node_type": "PassThroughNode",
        "params": {},
        "runtime_hint": "native",
    }


def test_removed_runtimes_load_with_a_warning() -> None:
    manifest = json.loads(Pipeline([AddNode()]).serialize())
    manifest["nodes"][0]["runtime_hint"] = "rust_python"
    with pytest.warns(UserWarning, match="the runtime 'rust_python' no longer exists"):
        pipeline = Pipeline.from_manifest(manifest)
    assert pipeline.nodes[0].runtime_hint == "python"


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"cannot read .*nowhere\.yaml") as caught:
        Pipeline.from_file(tmp_path / "nowhere.yaml")
    assert caught.value.path == str(tmp_path / "nowhere.yaml")
    with pytest.raises(OSError, match="cannot read"):
        Pipeline.from_file(tmp_path)
    (tmp_path / "bytes.json").write_bytes(b'{"version":\n "\xff"}')
    with pytest.raises(ManifestError, match="byte 15 of the text is not UTF-8") as bad:
        Pipeline.from_file(tmp_path / "bytes.json")
    assert bad.value.line == 2


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))])
def test_a_pipeline_that_has_run_can_be_copied_and_sent_to_another_process(copied: Any) -> None:
    pipeline = Pipeline([MultiplyNode(factor=2), AddNode(addend=1)], enable_metrics=True)
    pipeline.run_sync(1)

    async def copy_of_initialized() -> Pipeline:
        async with pipeline.managed_execution():
            made: Pipeline = copied(pipeline)
            return made

    made = asyncio.run(copy_of_initialized())
    assert not made.is_initialized
    assert made.get_metrics() is None
    assert made.run_sync(3) == 7


def test_definition_round_trips() -> None:
    pipeline = chain()
    definition = pipeline.export_definition()
    again = asyncio.run(Pipeline.from_definition(definition))
    assert [n["config"] for n in again.export_definition()["nodes"]] == [
        n["config"] for n in definition["nodes"]
    ]
    assert [node.runtime_hint for node in again] == ["native", "python", "auto"]


def test_definition_has_the_fields_of_the_earlier_sdk() -> None:
    definition = chain().export_definition()
    assert set(definition) == {"name", "nodes", "connections", "metadata", "dependencies"}
    first, _, last = definition["nodes"]
    assert first["node_id"] == "AudioResampleNode_0"
    assert first["node_type"] == first["class_name"] == "AudioResampleNode"
    assert first["module"] == "remotemedia.nodes.audio"
    assert (first["is_source"], first["is_sink"]) == (True, False)
    assert (last["is_source"], last["is_sink"]) == (False, True)
    assert first["is_remote"] is False
    assert first["remote_endpoint"] is None
    assert definition["connections"][0] == {
        "from_node": "AudioResampleNode_0",
        "to_node": "vad_1",
        "output_port": "default",
        "input_port": "default",
    }
    metadata = definition["metadata"]
    assert metadata["node_count"] == "3"
    assert metadata["pipeline_type"] == "linear"
    assert all(isinstance(value, str) for value in metadata.values())


def test_definition_of_branches_keeps_its_connections() -> None:
    definition = Pipeline.from_yaml(BRANCHES).export_definition()
    assert definition["metadata"]["pipeline_type"] == "graph"
    assert asyncio.run(Pipeline.from_definition(definition)).run_sync(10) == [30, 20]


def test_definitions_import_no_module_and_refuse_what_they_cannot_make() -> None:
    definition = chain().export_definition()
    definition["nodes"][0] |= {"node_type": "NoSuchNode", "module": "antigravity"}
    with pytest.raises(ManifestError, match="Unknown node type: NoSuchNode"):
        asyncio.run(Pipeline.from_definition(definition))
    assert "antigravity" not in sys.modules
    definition["nodes"][0] |= {"is_remote": True}
    with pytest.raises(ManifestError, match="remote nodes are not supported"):
        asyncio.run(Pipeline.from_definition(definition))
    for wrong in ({}, {"nodes": 3}, {"nodes": [1]}, []):
        with pytest.raises(ManifestError, match="a definition must be an object"):
            asyncio.run(Pipeline.from_definition(wrong))  # type: ignore[arg-type]


# --- runtimes


class OnlyPython(Node):
    def process(self, data: Any) -> Any:
        return data


@pytest.mark.parametrize("node", [OnlyPython, lambda **kw: TextTransformNode(str.upper, **kw)])
def test_native_hint_for_a_node_without_native_code_is_an_error_before_the_run(
    node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(runtime.RUNTIME_VARIABLE, raising=False)
    with pytest.raises(ConfigurationError, match="has no native implementation"):
        Pipeline([node(runtime_hint="native")]).run_sync("x")


def test_native_is_not_even_probed_if_no_node_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> bool:
        raise AssertionError("probed")

    monkeypatch.setattr(remotemedia, "is_rust_runtime_available", refuse)
    assert Pipeline([AddNode(addend=1, runtime_hint="python"), OnlyPython()]).run_sync(1) == 2
    assert Pipeline([AddNode(addend=1)]).run_sync(1, use_rust=False) == 2
    monkeypatch.setenv(runtime.RUNTIME_VARIABLE, "python")
    assert Pipeline([AddNode(addend=1, runtime_hint="native")]).run_sync(1) == 2


def test_use_rust_false_stands_above_hints_and_a_forbidden_fallback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(runtime.FALLBACK_VARIABLE, "false")
    pipeline = Pipeline([AddNode(addend=1, runtime_hint="native")])
    assert pipeline.run_sync(1, use_rust=False) == 2


def test_an_exception_that_has_no_text_is_the_cause_of_a_node_error(use_rust: bool) -> None:
    class UnspeakableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    class Failing(Node):
        def process(self, data: Any) -> Any:
            raise UnspeakableError

    with pytest.raises(NodeError, match="process: UnspeakableError without words") as caught:
        Pipeline([Failing()]).run_sync(1, use_rust)
    assert isinstance(caught.value.__cause__, UnspeakableError)


def test_a_failed_run_is_not_repeated_in_the_other_runtime() -> None:
    calls = []

    class Failing(Node):
        def process(self, data: Any) -> Any:
            calls.append(data)
            raise ValueError("no")

    with pytest.raises(NodeError, match="no"):
        Pipeline([PassThroughNode(), Failing()]).run_sync(1)
    assert calls == [1]


def test_the_log_says_where_each_node_runs(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="remotemedia"):
        Pipeline([AddNode(runtime_hint="python", name="add"), OnlyPython()]).run_sync(1)
    python = "REMOTEMEDIA_RUNTIME=python" if runtime.requested_runtime() == "python" else None
    assert caplog.messages[:2] == [
        f"node 'add_0' (AddNode): python ({python or 'hint python'})",
        f"node 'OnlyPython_1' (OnlyPython): python ({python or 'python only'})",
    ]


# --- package


def test_version_is_that_of_the_project() -> None:
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    found = re.search(r"project\(remotemedia VERSION ([0-9.]+)", text)
    assert found is not None
    assert remotemedia.__version__ == found[1]
    try:
        installed = importlib.metadata.distribution("remotemedia")
    except importlib.metadata.PackageNotFoundError:
        return
    if Path(str(installed.locate_file("remotemedia"))) == Path(remotemedia.__file__).parent:
        assert installed.version == found[1]


def test_top_level_has_every_node_lazily() -> None:
    assert set(builtin.__all__) <= set(remotemedia.__all__) <= set(dir(remotemedia))
    for name in remotemedia.__all__:
        assert getattr(remotemedia, name) is not None


@pytest.mark.parametrize("name", ["RemoteExecutionNode", "VoiceActivityDetector", "WebRTCManager"])
def test_names_that_were_left_out_say_why(name: str) -> None:
    with pytest.raises(AttributeError, match=f"{name} is not part of this release: "):
        getattr(remotemedia, name)


def test_unknown_names_are_attribute_errors_of_the_package() -> None:
    with pytest.raises(AttributeError, match="module 'remotemedia' has no attribute 'Pipelin'"):
        _ = remotemedia.Pipelin
    assert not hasattr(remotemedia, "RemoteExecutionError")


IMPORT = """
import sys
before = set(sys.modules)
import remotemedia
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(loaded - set(sys.stdlib_module_names)))
print("remotemedia._native" in sys.modules, "remotemedia.nodes" in sys.modules)
"""


def test_import_is_silent_and_needs_numpy_only() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    loaded, parts = done.stdout.splitlines()
    assert set(ast.literal_eval(loaded)) <= {"numpy", "remotemedia"}
    assert parts == "False False"


def test_runs_leave_no_thread_behind() -> None:
    before = set(threading.enumerate())
    Pipeline([AddNode()]).run_sync(1)
    asyncio.run(Pipeline([AddNode()]).run(1))
    assert set(threading.enumerate()) == before
