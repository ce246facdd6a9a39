"""What a process that decodes a stranger's file may use, and no more. No Django here."""

import ctypes
import resource
from dataclasses import dataclass

_PR_SET_NO_NEW_PRIVS = 38
MEMORY_BYTES = 3 * 2**30
LARGEST_FILE_BYTES = 2 * 2**30
MOST_OPEN_FILES = 256


@dataclass(frozen=True)
class ChildLimits:
    """`cpu_s` seconds of processor, so many bytes of memory and in one file."""

    cpu_s: int
    memory_bytes: int = MEMORY_BYTES
    file_bytes: int = LARGEST_FILE_BYTES


def limit_this_process(limits: ChildLimits) -> None:
    """Takes effect at once and cannot be undone; limits that are narrower already stay."""
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, MOST_OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        narrowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (narrowest, narrowest))
    _gain_no_privileges()


def _gain_no_privileges() -> None:
    """From now on no program that is started has more rights than this one (Linux alone)."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    except (OSError, AttributeError):
        return
