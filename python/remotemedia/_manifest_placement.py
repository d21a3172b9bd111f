"""The fields of a manifest's node that say where it may run: checked, kept, or refused."""

from __future__ import annotations

import re
from typing import Any, Final

from ._manifest_fields import Fields
from ._messages import shown

__all__ = ["read_capabilities", "read_execution", "read_isolation", "refuse_host"]

_HOST: Final = re.compile("[^:]+:[0-9]+")
_PLACEMENTS: Final = ("anywhere", "native", "host", "local")


def read_capabilities(node: Fields) -> dict[str, Any] | None:
    """Give the declared hardware needs, checked."""
    if "capabilities" not in node:
        return None
    everything = node.object("capabilities", "capabilities")
    everything.allow_only("gpu", "cpu", "memory_gb")
    everything.check_number("memory_gb", 0)
    if "gpu" in everything:
        gpu = everything.object("gpu", "capabilities.gpu")
        gpu.allow_only("type", "min_memory_gb", "required")
        gpu.require("type")
        gpu.check_choice("type", "cuda", "rocm", "metal", "vulkan", "any")
        gpu.check_number("min_memory_gb", 0)
        gpu.check_bool("required")
    if "cpu" in everything:
        cpu = everything.object("cpu", "capabilities.cpu")
        cpu.allow_only("cores", "arch")
        cpu.check_number("cores", 1)
        cpu.check_choice("arch", "x86_64", "aarch64", "arm", "any")
    return everything.members


def read_execution(node: Fields) -> dict[str, Any] | None:
    """Give the placement, which has to allow this process."""
    if "execution" not in node:
        return None
    execution = node.object("execution", "execution")
    execution.allow_only("placement", "reason", "fallback")
    placement = execution.text_or("placement", "anywhere")
    execution.text_or("reason", "")
    execution.text_or("fallback", "")
    preferred = placement.startswith("prefer_")
    if placement.endswith(("remote", "wasi", "browser")) and not preferred:
        execution.refuse_field(
            "placement",
            f"placement '{placement}' is not supported",
            'nodes run in this process: use "local" or remove it',
        )
    if placement not in _PLACEMENTS and not placement.startswith(("requires_", "prefer_")):
        execution.refuse_field(
            "placement",
            f"unknown placement '{placement}'",
            "known: anywhere, native, host, local, requires_*, prefer_*",
        )
    return execution.members


def read_isolation(node: Fields) -> bool | dict[str, Any]:
    """Give whether, and how, the node has a process of its own."""
    if "isolate" not in node:
        return False
    isolate = node.find("isolate")
    if isinstance(isolate, bool):
        return isolate
    if not isinstance(isolate, dict):
        node.refuse_field(
            "isolate", f"'isolate' is {shown(isolate)}, expected true, false or an object"
        )
    fields = node.object("isolate", "isolate")
    fields.allow_only("restart", "max_restarts", "start_timeout_s")
    fields.check_choice("restart", "never", "on_failure")
    fields.check_number("max_restarts", 1)
    fields.check_number("start_timeout_s", 0)
    return isolate


def refuse_host(node: Fields) -> None:
    """Refuse a node on another host."""
    if "host" not in node:
        return
    host = node.text("host")
    node.refuse_field(
        "host",
        f"node on host '{host}': remote nodes are not supported"
        if _HOST.fullmatch(host)
        else f"host '{host}' is not of the form name:port",
        "remove it; nodes run in this process",
    )
