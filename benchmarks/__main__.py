"""Run the benchmarks and print the table: `python -m benchmarks [--quick] [--only NAME]`."""

import argparse
import sys
from pathlib import Path

from benchmarks.table import as_json, as_text, collect, machine_facts, names


def main(arguments: list[str] | None = None) -> int:
    """Returns 1 where a benchmark failed; a missed aim is a figure, not a failure."""
    available = names()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Gainsay.")
    parser.add_argument("--quick", action="store_true", help="short forms, rougher figures")
    parser.add_argument(
        "--only",
        action="append",
        choices=available,
        metavar="NAME",
        help=f"one of {', '.join(available)}; may be given again",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the table as JSON")
    options = parser.parse_args(arguments)
    if options.json and not options.json.resolve().parent.is_dir():
        parser.error(f"--json {options.json}: its folder does not exist; make it first")

    results = collect(
        options.only or available,
        quick=options.quick,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )
    facts = machine_facts()
    print(as_text(results, facts))
    if options.json:
        options.json.write_text(as_json(results, facts, quick=options.quick) + "\n")
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
