"""Count the instructions of the hot kernels, so that a regression shows without a clock.

Runs bench/kernel_workload under callgrind, which counts in the calls of the kernel only. Valgrind
3.19 knows no AVX-512, so this counts what the AVX2 path does, whatever the machine. The counts
depend on the compiler: where it is not the one that the record names, nothing is compared.

    tools/count_instructions.py PROGRAM            compare with bench/instructions.json
    tools/count_instructions.py PROGRAM --record   write it, after a change that is meant
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

RECORD = Path(__file__).resolve().parent.parent / "bench" / "instructions.json"
TOLERANCE = 0.03
CALLS = 20


def output_of(*command: str | Path) -> str:
    """Give what a program prints; stops with its error if it fails."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{done.stderr}")
    return done.stdout + done.stderr


def callgrind(program: Path, *arguments: str, options: tuple[str, ...] = ()) -> str:
    """Run a program under callgrind, without its report file."""
    tool = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *options)
    return output_of(*tool, program, *arguments)


def instructions(program: Path, name: str) -> int:
    """Count the instructions of all calls."""
    toggle = ("--collect-atstart=no", "--toggle-collect=measured_calls")
    found = re.search(r"Collected : (\d+)", callgrind(program, name, str(CALLS), options=toggle))
    if found is None:
        sys.exit(f"callgrind reported no count for '{name}'")
    return int(found[1])


def count(program: Path) -> dict[str, float]:
    """Give the instructions per sample or frame of each workload."""
    lines = output_of(program, "--list").splitlines()
    workloads = [(name, int(items)) for items, name in (line.split("\t") for line in lines)]

    def per_item(workload: tuple[str, int]) -> float:
        name, items = workload
        return round(instructions(program, name) / CALLS / items, 4)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = list(pool.map(per_item, workloads))
    return {name: value for (name, _), value in zip(workloads, counts, strict=True)}


def conditions(program: Path) -> dict[str, str]:
    """Say what the counts depend on."""
    about = re.search(r"^((?:gcc|clang) .*)\t(\S+)$", callgrind(program, "--about"), re.MULTILINE)
    if about is None:
        sys.exit(f"{program} --about is not understood")
    return {"compiler": about[1], "instruction_set": about[2]}


def compare(counts: dict[str, float], recorded: dict[str, float]) -> bool:
    """Print a table; tells whether all kernels are within the tolerance."""
    good = counts.keys() == recorded.keys()
    print(f"{'instructions per sample or frame':<48} {'now':>10} {'recorded':>10} {'change':>8}")
    for name in sorted(counts.keys() | recorded.keys()):
        if name not in counts or name not in recorded:
            print(f"{name:<48} {'only in the ' + ('record' if name in recorded else 'program')}")
            continue
        change = counts[name] / recorded[name] - 1
        more = change > TOLERANCE
        good = good and not more
        print(
            f"{name:<48} {counts[name]:>10.3f} {recorded[name]:>10.3f} {change:>+8.1%}"
            f"{'  too many' if more else ''}"
        )
    return good


def main() -> int:
    """Record or compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("program", type=Path, help="build/bench/bench/kernel_workload")
    parser.add_argument("--record", action="store_true", help=f"write {RECORD.name}")
    options = parser.parse_args()
    now = conditions(options.program)
    if options.record:
        record: dict[str, Any] = {**now, "instructions_per_item": count(options.program)}
        RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        print(f"wrote {RECORD}")
        return 0
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    for key, value in now.items():
        if value != record[key]:
            print(f"skipped: {key} is {value}, the counts were recorded with {record[key]}")
            return 0
    if compare(count(options.program), record["instructions_per_item"]):
        return 0
    print(
        f"more than {TOLERANCE:.0%} above the record, or other kernels; if that is meant: "
        f"tools/count_instructions.py {options.program} --record"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
