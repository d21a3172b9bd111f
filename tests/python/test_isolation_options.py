"""How isolation is asked for, in Python and in manifests, and what is refused."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from isolated_nodes import Commanded, Sync
from node_runs import Run
from remotemedia import ConfigurationError, ManifestError, Node, NodeError, Pipeline, WorkerError
from remotemedia._isolation import process
from remotemedia.node import create_node
from remotemedia.nodes import PassThroughNode

FULL = {"restart": "on_failure", "max_restarts": 2, "start_timeout_s": 60.0}

WRONG = [
    ("yes", "isolate is 'yes', expected true, false or the fields of isolation"),
    (None, "isolate is None, expected true, false"),
    ({"restarts": 1}, r"isolate\['restarts'\] is 1, expected one of .*; did you mean 'restart'\?"),
    ({"restart": "always"}, r"isolate\['restart'\] is 'always', expected 'never' or 'on_failure'"),
    ({"max_restarts": 3}, "expected restart='on_failure' beside it"),
    ({"restart": "on_failure", "max_restarts": 0}, "is 0, expected an integer 1..1000"),
    ({"restart": "on_failure", "max_restarts": True}, "is True, expected an integer 1..1000"),
    ({"start_timeout_s": 0}, r"isolate\['start_timeout_s'\] is 0, expected seconds above 0"),
    ({"start_timeout_s": float("nan")}, "is nan, expected seconds above 0, at most 3600"),
]


@pytest.mark.parametrize(("value", "message"), WRONG)
def test_wrong_options_are_refused_by_the_constructor(value: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Sync(isolate=value)


def test_a_built_in_node_cannot_be_isolated() -> None:
    with pytest.raises(ConfigurationError, match="expected False for a built-in node"):
        PassThroughNode(isolate=True)
    assert PassThroughNode(isolate=False).isolate is False


@pytest.mark.parametrize("value", [True, False, FULL])
def test_isolation_is_no_configuration_and_survives_a_manifest(value: Any) -> None:
    node = Sync(name="n", isolate=value)
    assert node.isolate == value
    assert node.config == {}
    assert node.to_manifest().get("isolate", False) == value
    written = json.loads(Pipeline([node], name="p").serialize())
    assert written["nodes"][0].get("isolate", False) == value
    again = Pipeline.from_manifest(written).get_node("n_0")
    assert again is not None
    assert again.isolate == value
    definition = Pipeline([node]).export_definition()
    assert definition["nodes"][0].get("isolate", False) == value


def test_a_class_that_takes_no_such_argument_is_isolated_by_a_manifest(tmp_path: Path) -> None:
    file = tmp_path / "graph.yaml"
    file.write_text(
        "version: v1\nmetadata: {name: x}\nnodes:\n"
        "  - {id: a, node_type: Sync, isolate: {start_timeout_s: 90}}\n"
    )
    node = Pipeline.from_file(str(file)).get_node("a")
    assert node is not None
    assert node.isolate == {"start_timeout_s": 90}


def test_a_manifest_error_points_at_the_option() -> None:
    manifest = {
        "version": "v1",
        "metadata": {"name": "x"},
        "nodes": [{"id": "a", "node_type": "Sync", "isolate": {"max_restarts": 3}}],
    }
    with pytest.raises(ManifestError, match="expected restart='on_failure' beside it") as caught:
        Pipeline.from_manifest(manifest).run_sync([1])
    assert caught.value.pointer == "/nodes/0/isolate"


def test_another_system_is_refused_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(process.os, "pidfd_open")
    with pytest.raises(NodeError, match=r"failed in initialize: isolate is True on .* Linux 5.3"):
        Pipeline([Sync(isolate=True)]).run_sync([1])


class Locked(Sync):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lock = threading.Lock()


def test_a_node_that_cannot_be_sent_names_what_it_holds() -> None:
    expected = r"attribute 'lock' of isolated node Locked is a lock, .* make it in initialize\(\)"
    with pytest.raises(ConfigurationError, match=expected):
        Run(Locked(isolate=True))


def test_a_class_that_cannot_be_imported_is_named() -> None:
    class Local(Node):
        def process(self, data: Any) -> Any:
            return data

    expected = r"the class of isolated node Local is .*<locals>.Local' in module .*top level"
    with pytest.raises(ConfigurationError, match=expected):
        Run(Local(isolate=True))


def test_a_module_that_fails_in_the_worker_shows_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here_only.py").write_text(
        "import os\n"
        "from remotemedia import Node\n"
        "if os.environ.setdefault('HERE_ONLY', str(os.getpid())) != str(os.getpid()):\n"
        "    raise ImportError('no such device')\n"
        "class HereOnly(Node):\n"
        "    def process(self, data):\n"
        "        return data\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("HERE_ONLY", "")
    monkeypatch.delenv("HERE_ONLY")
    import here_only  # type: ignore[import-not-found]

    message = "its worker process cannot load the node: ImportError: no such device"
    with pytest.raises(WorkerError, match=message) as caught:
        Run(here_only.HereOnly(isolate=True))
    assert 'here_only.py", line 4' in caught.value.worker_traceback
    monkeypatch.delenv("HERE_ONLY")


def test_a_node_made_by_name_is_isolated_by_its_attribute() -> None:
    node = create_node("Commanded", {}, name="n")
    assert node.isolate is False
    node.isolate = True
    assert isinstance(node, Commanded)
    assert node.isolate is True
