"""The benchmark: every peer in one run, checked, warm and in turns.

Usage: python bench/run.py [PART ...] [--quick] [--programs build/bench/bench] [--out build/bench]
                           [--docs docs] [--page benchmarks]

Measures the parts that are named, or all, and writes what each found into results.json in --out as
soon as it ends: a run that is cut short loses one part. When all parts are there, page and charts
go into --out and into --docs too, with the day of each part, and the server's page gets its tables.
A machine of another kind has a page of its own beside the first (--page), without those tables.
Ends with 1 if any output was not what it should be; a goal that is missed is shown, but is no
failure, as times depend on the machine.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import goals
import machine
import page
import page_webrtc
import speech_peers
from parts import PARTS, ROOT, Bench, say

MAIN_PAGE: Final = "benchmarks"
# Read by the libraries behind the peers when they load.
THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def earlier(path: Path, about: dict[str, Any], quick: bool) -> dict[str, Any]:
    """Give the results that an earlier run of the same kind left, or empty ones."""
    fresh = {"quick": quick, "machine": about, "dates": {}}
    if not path.exists():
        return fresh
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    same = found.get("quick") == quick and found["machine"]["cpu"] == about["cpu"]
    return {**found, "machine": about} if same and "dates" in found else fresh


def measure(names: Sequence[str], bench: Bench, results: dict[str, Any]) -> dict[str, Any]:
    """Run parts, and keep what each found in results.json."""
    path = bench.out / "results.json"
    for name in names:
        found = {key: find(bench) for key, find in PARTS[name].items()}
        dates = {**results["dates"], name: datetime.date.today().isoformat()}
        results = {**results, **found, "dates": dates}
        save(path, results)
    return results


def save(path: Path, results: dict[str, Any]) -> None:
    """Write results in one step."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    new.replace(path)


def print_verdicts(found: list[dict[str, Any]]) -> None:
    """Print the goals."""
    words = {True: "met", False: "MISSED", None: "-"}
    print()
    for goal in found:
        print(f"{words[goal['met']]:<7} {goal['measured']:>16}  {goal['area']}: {goal['goal']}")
    judged = [goal["met"] for goal in found if goal["met"] is not None]
    print(f"\n{sum(judged)} of {len(judged)} goals met, {len(found) - len(judged)} not in this run")


def main() -> None:
    """Run everything and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="few rounds, to check the outputs")
    parser.add_argument("--programs", type=Path, default=ROOT / "build/bench/bench")
    parser.add_argument("--out", type=Path, default=ROOT / "build/bench")
    parser.add_argument("--docs", type=Path, help="folder for the page and its charts")
    parser.add_argument("--page", default=MAIN_PAGE, help=f"name of the page, else {MAIN_PAGE}")
    options = parser.parse_args()
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown:
        parser.error(f"no part is called {', '.join(unknown)}: there are {', '.join(PARTS)}")
    if any(os.environ.get(name) != "1" for name in THREADS):
        os.environ.update(dict.fromkeys(THREADS, "1"))
        os.execv(sys.executable, [sys.executable, *sys.argv])
    # Ours and ONNX Runtime read one file.
    os.environ.setdefault("REMOTEMEDIA_MODELS", str(speech_peers.model_path().parent))
    for folder in filter(None, (options.out, options.docs)):
        folder.mkdir(parents=True, exist_ok=True)
    about = machine.describe()
    if not about["native"]:
        raise SystemExit("the native module does not load: see `remotemedia doctor`")
    path = options.out / "results.json"
    bench = Bench(options.programs, options.out, options.quick)
    results = measure(options.parts or PARTS, bench, earlier(path, about, options.quick))
    missing = [name for name in PARTS if name not in results["dates"]]
    if missing:
        return say(f"done: {path}; for goals and page run also {' '.join(missing)}")
    results["goals"] = goals.verdicts(results)
    save(path, results)
    for folder in filter(None, (options.out, options.docs)):
        page.write(results, folder / f"{options.page}.md", folder / options.page)
    if options.docs and options.page == MAIN_PAGE:
        server = options.docs / "server.md"
        text = server.read_text(encoding="utf-8")
        server.write_text(page_webrtc.with_tables(text, results), encoding="utf-8")
    print_verdicts(results["goals"])
    say(f"done: {path}, {options.docs or options.out}/{options.page}.md")


if __name__ == "__main__":
    main()
