"""What a child does whom a hostile file has broken: `python -m tests.studies.hostile_child HOW`."""

import ctypes
import resource
import sys
import time
from pathlib import Path

from modeling.child_limits import ChildLimits, limit_this_process


def take_memory() -> None:
    limit_this_process(ChildLimits(cpu_s=20, memory_bytes=2**29))
    held = []
    while True:
        held.append(bytearray(2**26))


def take_the_processor() -> None:
    limit_this_process(ChildLimits(cpu_s=1))
    while True:
        pass


def fill_the_disk() -> None:
    limit_this_process(ChildLimits(cpu_s=20, file_bytes=2**20))
    with Path(sys.argv[2]).open("wb", buffering=0) as file:
        while True:
            file.write(bytes(2**19))


def crash() -> None:
    limit_this_process(ChildLimits(cpu_s=20))
    ctypes.string_at(0)


def sleep() -> None:
    time.sleep(600)


def babble() -> None:
    sys.stdout.write("no line of ours\n" * 100_000)


def say_nothing() -> None:
    return


def tell_the_limits() -> None:
    limit_this_process(ChildLimits(cpu_s=20))
    status = Path("/proc/self/status").read_text()
    privileges = next((line for line in status.splitlines() if "NoNewPrivs" in line), "")
    cores = resource.getrlimit(resource.RLIMIT_CORE)
    sys.stdout.write(f'{{"notes": ["{privileges.split()[-1]}", "{cores[0]}"]}}\n')


if __name__ == "__main__":
    globals()[sys.argv[1]]()
