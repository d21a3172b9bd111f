"""The base of nodes: arguments, names, hints, sessions and descriptions."""

from __future__ import annotations

import copy
import inspect
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import remotemedia.node
from remotemedia import nodes
from remotemedia._node_types import StreamFormat, builtin_types
from remotemedia.node import Node, create_node, user_type_names
from remotemedia.nodes import (
    AudioResampleNode,
    FormatConverterNode,
    MediaReaderNode,
    MultiplyNode,
    PassThroughNode,
    VADNode,
)


class Gain(Node):
    """Makes louder.

    More text.
    """

    def __init__(self, factor: float, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor
        self.offset = offset

    def process(self, data: Any) -> Any:
        return data * self.factor + self.offset


class Plain(Node):
    def process(self, data: Any) -> Any:
        return data


class LoudGain(Gain):
    def __init__(self, level: int) -> None:
        super().__init__(factor=10 * level, name="loud")


class Spread(Node):
    def __init__(self, first: int, /, second: int, *rest: int, last: Any = object) -> None:
        super().__init__()
        self.values = (first, second, rest, last)

    def process(self, data: Any) -> Any:
        return self.values


# --- arguments


def test_the_arguments_of_a_users_constructor_are_its_config() -> None:
    node = Gain(3, name="g", runtime_hint="python", colour="red")
    assert node.config == {"factor": 3, "offset": 0.0, "colour": "red"}
    assert (node.name, node.runtime_hint) == ("g", "python")


def test_a_class_without_constructor_keeps_what_it_is_given() -> None:
    assert Plain(speed=2, enable_state=False).config == {"speed": 2, "enable_state": False}
    assert Plain().config == {}


def test_the_outermost_constructor_counts_and_what_it_forwards_is_kept() -> None:
    node = LoudGain(2)
    assert node._parameters() == {"level": 2}
    assert (node.factor, node.name) == (20, "loud")


def test_what_a_constructor_forwards_without_taking_it_is_config_but_no_argument() -> None:
    class Forwarding(Node):
        def __init__(self) -> None:
            super().__init__(mode="x")

        def process(self, data: Any) -> Any:
            return data

    assert Forwarding().config == {"mode": "x"}
    assert Forwarding()._parameters() == {}


def test_a_default_that_no_manifest_can_hold_is_left_out() -> None:
    assert Spread(1, 2).config == {"first": 1, "second": 2}


def test_a_change_of_config_counts() -> None:
    node = Gain(3)
    node.config["factor"] = 4
    assert node.to_manifest()["params"]["factor"] == 4


def test_a_wrong_call_of_a_users_constructor_is_pythons_own_error() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'factor'"):
        Gain()  # type: ignore[call-arg]


def test_a_subclass_works_that_does_not_call_the_constructor() -> None:
    class Careless(Node):
        def __init__(self, limit: int = 3) -> None:
            self.limit = limit

        def process(self, data: Any) -> Any:
            return data

    node = Careless(limit=4)
    assert (node.name, node.runtime_hint, node.config) == ("Careless", "auto", {"limit": 4})
    node.set_session_id("s")
    assert node.state is not None


def test_the_signature_of_a_users_class_is_its_own() -> None:
    assert list(inspect.signature(Gain).parameters) == ["factor", "offset", "kwargs"]


@pytest.mark.parametrize(
    "node",
    [
        Gain(3, offset=1.5),
        Plain(speed=2, enable_state=False),
        LoudGain(3),
        Spread(1, 2, 3, 4, last="x"),
        Spread(1, 2),
    ],
)
def test_a_users_node_is_made_again_from_its_description(node: Node) -> None:
    described = node.to_manifest()
    again = create_node(described["node_type"], described["params"], name="other")
    assert type(again) is type(node)
    assert again.config == node.config
    assert again.name == "other"
    if isinstance(node, Spread):
        assert again.process(None) == node.process(None)


REQUIRED = {
    "path": "in.wav",
    "output_path": "out.wav",
    "buffer_size_samples": 160,
    "transform_func": str.upper,
}
OTHER = {"integer": 8_000, "boolean": True, "number": 0.25}


@pytest.mark.parametrize("node_type", builtin_types(), ids=lambda t: t.name)
def test_each_built_in_node_is_made_again_from_its_description(node_type: Any) -> None:
    given = {}
    for spec in node_type.parameters:
        other = spec.choices[-1] if spec.choices else OTHER.get(spec.type)
        if spec.maximum is not None and isinstance(other, int):
            other = int(min(other, spec.maximum))
        given[spec.name] = REQUIRED.get(spec.name, other)
    cls = getattr(nodes, node_type.name)
    node = cls(**given, name="n", runtime_hint="rust")
    described = node.to_manifest()
    assert described == {
        "id": "n",
        "node_type": node_type.name,
        "params": given,
        "runtime_hint": "native",
    }
    again = create_node(
        described["node_type"], described["params"], name="n", runtime_hint="native"
    )
    assert type(again) is cls
    assert again.to_manifest() == described
    assert again.config == given


def test_an_alias_of_a_type_makes_the_node() -> None:
    assert type(create_node("PassThrough", {})) is PassThroughNode
    assert nodes.PassThrough is PassThroughNode


def test_an_unknown_type_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="NoSuchNode"):
        create_node("NoSuchNode", {})


def test_classes_of_users_are_known_by_name_and_the_latest_counts() -> None:
    def define(value: int) -> type[Node]:
        class Redefined(Node):
            def process(self, data: Any) -> Any:
                return value

        return Redefined

    define(1)
    define(2)
    assert "Redefined" in user_type_names()
    assert "VADNode" not in user_type_names()
    assert "BuiltinNode" not in user_type_names()
    assert create_node("Redefined", {}).process(None) == 2


def test_a_class_with_the_name_of_a_built_in_type_is_warned_about() -> None:
    with pytest.warns(UserWarning, match="class VADNode has the name of a built-in node type"):
        type("VADNode", (Plain,), {"__module__": __name__})
    assert type(create_node("VADNode", {})) is VADNode


# --- built-in constructors


def test_parameters_are_attributes_under_their_names_in_the_table() -> None:
    node = VADNode(10, threshold=0.5, sample_rate=8_000)
    assert (node.frame_duration_ms, node.energy_threshold, node.sample_rate) == (10, 0.5, 8_000)
    assert node.aggressiveness == 1
    assert not hasattr(node, "threshold")


def test_a_changed_attribute_counts_and_is_checked() -> None:
    node = VADNode()
    node.aggressiveness = 3
    assert node._parameters()["aggressiveness"] == 3
    node.aggressiveness = 4
    with pytest.raises(ValueError, match=r"VADNode: aggressiveness is 4, expected 0\.\.3"):
        node._parameters()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AudioResampleNode(target_sample_rate=0), "target_sample_rate is 0, expected 8000"),
        (
            lambda: AudioResampleNode(16_000, target_rate=8_000),
            "is given twice, as 'target_rate' t",
        ),
        (lambda: AudioResampleNode(input_rate=8_000), "the input rate comes with the audio"),
        (lambda: VADNode(agressiveness=1), "did you mean 'aggressiveness'"),
        (
            lambda: FormatConverterNode("f64"),
            'is "f64", expected one of f32, i16, i32',
        ),
        (MediaReaderNode, "parameter 'path' is missing; File to read"),
        (lambda: PassThroughNode(x=1), "this node type takes no parameters"),
    ],
)
def test_a_wrong_parameter_is_refused_where_it_is_written(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^[A-Za-z]*Node: .*{message}"):
        make()


def test_too_many_positional_arguments_are_pythons_own_error() -> None:
    with pytest.raises(TypeError, match="too many positional arguments"):
        MultiplyNode(1, 2)  # type: ignore[call-arg]


def test_built_in_nodes_take_what_every_node_takes() -> None:
    node = PassThroughNode(name="p", max_sessions=1, state_ttl=5, enable_state=True)
    assert node.get_session_state("a") is not None
    assert node.to_manifest()["params"] == {}


# --- name and hint


def test_the_name_is_that_of_the_class_unless_given() -> None:
    assert Plain().name == "Plain"
    assert VADNode().name == "VADNode"
    node = VADNode(name="v")
    node.name = "w"
    assert node.name == "w"
    for name in ("", 3):
        with pytest.raises(ValueError, match=f"name is {name!r}, expected a str that is not empty"):
            VADNode(name=name)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hint", "written"),
    [("auto", None), ("rust", "native"), ("native", "native"), ("Python", "python")],
)
def test_the_hint_stays_as_given_and_is_written_with_its_present_name(
    hint: str, written: str | None
) -> None:
    node = VADNode(runtime_hint=hint)
    assert node.runtime_hint == hint
    assert node.to_manifest().get("runtime_hint") == written


def test_an_unknown_hint_is_refused_at_once() -> None:
    for make in (Plain, VADNode):
        with pytest.raises(ValueError, match="runtime_hint is 'wasm', expected 'auto', 'native'"):
            make(runtime_hint="wasm")
    node = Plain()
    with pytest.raises(ValueError, match="runtime_hint is 3"):
        node.runtime_hint = 3  # type: ignore[assignment]


# --- description


def test_a_node_describes_itself() -> None:
    node = Gain(3, name="g")
    assert node.get_config() == {
        "name": "g",
        "class": "Gain",
        "config": {"factor": 3, "offset": 0.0},
    }
    assert node.to_manifest() == {
        "id": "g",
        "node_type": "Gain",
        "params": {"factor": 3, "offset": 0.0},
    }
    assert repr(node) == "Gain(name='g', factor=3, offset=0.0)"
    assert node.get_capabilities() is None


def test_capabilities_and_streaming_are_described_where_there_are_some() -> None:
    class Heavy(Plain):
        is_streaming = True

        def get_capabilities(self) -> dict[str, Any]:
            return {"memory_gb": 8}

    described = Heavy().to_manifest()
    assert described["capabilities"] == {"memory_gb": 8}
    assert described["is_streaming"] is True
    assert "capabilities" not in Heavy().to_manifest(include_capabilities=False)


def test_the_type_of_a_users_node_takes_and_gives_anything() -> None:
    node_type = Gain(1)._type
    assert (node_type.name, node_type.summary) == ("Gain", "Makes louder.")
    assert node_type.runtimes == ("python",)
    assert not node_type.continuous
    assert node_type.inputs[0].kinds == node_type.outputs[0].kinds == ()
    assert Gain(1)._resolve_format(StreamFormat("audio", 16_000, 1)) == StreamFormat()
    assert not Gain(1)._is_builtin
    assert VADNode()._is_builtin


def test_process_is_all_that_a_node_must_define() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Node()  # type: ignore[abstract]
    node = Plain()
    assert node.initialize() is None
    assert node.flush() is None
    assert node.cleanup() is None


# --- built-in nodes as base and alone


class Noted(VADNode):
    """A user's class on a built-in one."""

    def process(self, data: Any = None) -> Any:
        samples, rate, metadata = super().process(data)
        return samples, rate, {**metadata, "noted": True}


def test_a_built_in_node_processes_one_item_alone() -> None:
    result, rate = AudioResampleNode(target_rate=8_000).process((np.zeros((1, 160)), 16_000))
    assert (result.shape, rate) == ((1, 80), 8_000)
    assert MultiplyNode().process([1, [2]]) == [2, [4]]


def test_a_users_class_on_a_built_in_one_is_a_users_node() -> None:
    node = Noted(sample_rate=8_000)
    assert node.config["sample_rate"] == 8_000
    assert node._type.name == "Noted"
    assert node._type.runtimes == ("python",)
    assert node._resolve_format(StreamFormat("audio", 8_000, 1)) == StreamFormat()
    _, _, metadata = node.process((np.zeros((1, 240), np.float32), 8_000))
    assert metadata["noted"] is True
    assert metadata["total_frames"] == 1
    assert type(create_node("Noted", node._parameters())) is Noted


# --- sessions and state


def test_state_is_that_of_the_present_session() -> None:
    node = Plain()
    assert node.state is None
    node.set_session_id("a")
    assert node.get_session_id() == "a"
    assert node.state is node.get_session_state("a")
    assert node.state is not None
    node.state.set("count", 1)
    node.set_session_id("b")
    assert node.state.get("count") is None
    assert node.get_session_state("a").get("count") == 1  # type: ignore[union-attr]


def test_a_node_may_keep_no_state_or_few() -> None:
    silent = Plain(enable_state=False)
    silent.set_session_id("a")
    assert silent.state is None
    small = Plain(max_sessions=1)
    first = small.get_session_state("a")
    small.get_session_state("b")
    assert small.get_session_state("a") is not first


def test_limits_of_the_state_are_checked_at_once() -> None:
    with pytest.raises(ValueError, match="max_sessions is 0"):
        Plain(max_sessions=0)
    with pytest.raises(ValueError, match="state_ttl is -1"):
        VADNode(state_ttl=-1)


def test_sessions_on_other_threads_do_not_disturb_each_other() -> None:
    node = Plain()
    barrier = threading.Barrier(4)
    seen: dict[str, set[str | None]] = {}

    def work(session_id: str) -> None:
        with node._in_session(session_id):
            for _ in range(50):
                barrier.wait()
                seen.setdefault(session_id, set()).add(node.get_session_id())

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {name: {name} for name in "abcd"}


def test_nested_sessions_of_several_nodes_end_where_they_began() -> None:
    one, two = Plain(), Plain()
    with one._in_session("1"):
        with two._in_session("2"):
            assert two.get_session_id() == "2"
        assert one.get_session_id() == "1"
    assert one.get_session_id() is None


def test_a_new_node_has_no_session_of_one_that_is_gone() -> None:
    for _ in range(100):  # nearly each has the address of the one before
        gone = Plain()
        gone.set_session_id("a")
        del gone
        assert Plain().get_session_id() is None


@pytest.mark.parametrize(
    ("data", "session_id"),
    [
        ({"session_id": "s"}, "s"),
        (("x", 1, {"session_id": 5}), "5"),
        (("x", {"other": 1}), None),
        (("x", "y"), None),
        ((), None),
        ("text", None),
    ],
)
def test_the_session_is_found_in_a_dict_or_at_the_end_of_a_tuple(
    data: Any, session_id: str | None
) -> None:
    assert Plain().extract_session_id(data) == session_id


META = {"session_id": "s"}


@pytest.mark.parametrize(
    ("data", "split"),
    [
        (("x", META), ("x", META)),
        (("x", 1, META), (("x", 1), META)),
        (("x", {"timestamp": 3}), ("x", {"timestamp": 3})),
        (("x", {"other": 3}), (("x", {"other": 3}), None)),
        (("x", 1), (("x", 1), None)),
        ("x", ("x", None)),
        ((), ((), None)),
        (META, (META, None)),
    ],
)
def test_metadata_is_split_off_a_tuple(data: Any, split: Any) -> None:
    assert Plain().split_data_metadata(data) == split


@pytest.mark.parametrize(
    ("data", "metadata", "merged"),
    [
        ("x", META, ("x", META)),
        (("x", 1), META, ("x", 1, META)),
        ("x", None, "x"),
        (("x", 1), {}, ("x", 1)),
    ],
)
def test_metadata_is_merged_into_a_tuple(data: Any, metadata: Any, merged: Any) -> None:
    assert Plain().merge_data_metadata(data, metadata) == merged


# --- copies


@pytest.fixture(params=[copy.copy, copy.deepcopy, lambda node: pickle.loads(pickle.dumps(node))])
def copied(request: pytest.FixtureRequest) -> Iterator[Any]:
    return request.param  # type: ignore[no-any-return]


def test_a_copy_has_the_configuration_but_not_the_sessions(copied: Any) -> None:
    for node in (Gain(3, name="g"), VADNode(threshold=0.5, runtime_hint="python")):
        node.set_session_id("s")
        assert node.state is not None
        node.state.set("x", 1)
        again = copied(node)
        assert again.to_manifest() == node.to_manifest()
        assert again.get_session_state("s").get("x") is None


def test_the_module_says_what_it_offers() -> None:
    assert set(remotemedia.node.__all__) == {"Node", "create_node"}
