"""Constructor arguments, kept so that a node can be described and made again."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec

from ._messages import to_json

__all__ = ["call_arguments", "recording"]

P = ParamSpec("P")


def recording(*, defaults: bool = True) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Wrap a constructor so that its object keeps the arguments as ``_arguments``.

    Where constructors call each other, those of the outermost count. With `defaults` also those
    that were not given, if a manifest can hold them.
    """

    def wrap(init: Callable[P, None]) -> Callable[P, None]:
        signature = inspect.signature(init)

        @functools.wraps(init)
        def construct(*args: P.args, **kwargs: P.kwargs) -> None:
            attributes = vars(args[0])
            if "_arguments" not in attributes:
                attributes["_arguments"] = _named(signature, args, kwargs, defaults)
            init(*args, **kwargs)

        return construct

    return wrap


def _named(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any], defaults: bool
) -> dict[str, Any]:
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:  # the call itself says it better
        return {}
    named: dict[str, Any] = {}
    for parameter in list(signature.parameters.values())[1:]:  # without self
        if parameter.name not in bound.arguments:
            if (
                defaults
                and parameter.default is not parameter.empty
                and _has_json(parameter.default)
            ):
                named[parameter.name] = parameter.default
        elif parameter.kind is parameter.VAR_KEYWORD:
            named |= bound.arguments[parameter.name]
        else:
            named[parameter.name] = bound.arguments[parameter.name]
    return named


def call_arguments(
    signature: inspect.Signature, named: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Make the positional and keyword arguments of a call out of recorded ones."""
    keywords = dict(named)
    positional: list[Any] = []
    parameters = signature.parameters.values()
    spread = any(p.kind is p.VAR_POSITIONAL and named.get(p.name) for p in parameters)
    for parameter in parameters:
        if parameter.name not in keywords:
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional += keywords.pop(parameter.name)
        elif parameter.kind is parameter.POSITIONAL_ONLY or (
            spread and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ):
            positional.append(keywords.pop(parameter.name))
    return positional, keywords


def _has_json(value: object) -> bool:
    try:
        to_json(value)
    except (TypeError, ValueError):
        return False
    return True
