"""Ids of sessions."""

from __future__ import annotations

import os
from typing import Final

__all__ = ["new_session_id"]

_BYTES: Final = 16


def new_session_id() -> str:
    """Give an id that no other session has: 32 random hexadecimal digits."""
    return os.urandom(_BYTES).hex()
