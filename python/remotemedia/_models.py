"""Files of model weights: where they are, and whether they are the right ones.

The twin of ``src/media/model_file.cc``.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final, NamedTuple

from .exceptions import fail_reading

__all__ = ["SILERO_VAD", "PublishedModel", "model_folders", "read_model", "require_model"]

_FOLDERS_VARIABLE: Final = "REMOTEMEDIA_MODELS"


class PublishedModel(NamedTuple):
    """A file of weights as its authors published it."""

    name: str
    sha256: str
    size: int
    origin: str


SILERO_VAD: Final = PublishedModel(
    name="silero_vad.onnx",
    sha256="1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
    size=2_327_524,
    origin="silero_vad/data/silero_vad.onnx of the Python package silero-vad 6.2.1",
)


def model_folders() -> list[Path]:
    """Give the folders to look in: ``REMOTEMEDIA_MODELS``, then the package's own."""
    chosen = os.environ.get(_FOLDERS_VARIABLE, "")
    own = Path(__file__).resolve().parent / "models"
    return [Path(chosen), own] if chosen else [own]


def require_model(model: PublishedModel, folders: list[Path]) -> Path:
    """Find the file; the I/O error names the folders if none has it."""
    for folder in folders:
        if (folder / model.name).exists():
            return folder / model.name
    places = ", ".join(f"'{folder}'" for folder in folders)
    fail_reading(model.name, f"not in {places}" if places else "no folder to look in", _hint(model))


def read_model(model: PublishedModel, path: Path) -> bytes:
    """Read a file that is this very model; else the I/O error names both hashes."""
    try:
        with path.open("rb") as file:
            data = file.read(model.size + 1)
    except OSError as error:
        fail_reading(str(path), error.strerror or str(error))
    found = hashlib.sha256(data).hexdigest()
    if found == model.sha256:
        return data
    of_what = f"the first {len(data)}" if len(data) > model.size else f"its {len(data)}"
    fail_reading(
        str(path),
        f"its SHA-256 (of {of_what} bytes) is {found}, "
        f"expected {model.sha256} (of {model.size} bytes)",
        _hint(model),
    )


def _hint(model: PublishedModel) -> str:
    return f"copy {model.origin} to a folder and set {_FOLDERS_VARIABLE} to that folder"
