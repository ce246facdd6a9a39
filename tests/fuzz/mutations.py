"""Good files and good data made bad, drawn from a seed or by hypothesis."""

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Found = TypeVar("Found")

# Words that say how long something is, in the containers that stems come in.
LENGTHS = (b"data", b"RIFF", b"SSND", b"COMM", b"fmt ", b"mdat", b"moov", b"stsz", b"OggS")
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aiff")
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**70,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "\x00",
    "\ud800",
    "x" * 5000,
    "é",
    [],
    {},
    [[]],
    {"a": None},
    [1, "a"],
    "2026-99-99",
    "<script>",
    "=1+1",
    "../../x",
    -0.0,
    "NaN",
)


def tried(count: int, check: Callable[[random.Random], Found]) -> list[Found]:
    """What `check` gave for `count` draws of hypothesis, the same ones every time. A draw at which
    it raises is made as simple as it can be and shown."""
    found: list[Found] = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(draw=st.randoms(use_true_random=False))
    def check_one(draw: random.Random) -> None:
        found.append(check(draw))

    check_one()
    return found


def mutate_bytes(data: bytes, draw: random.Random) -> bytes:
    """Flip, cut, double, lie about a length, or put noise in a place."""
    changed = bytearray(data)
    kind = draw.randrange(6)
    if kind == 0:
        for _ in range(draw.randint(1, 30)):
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    elif kind == 1:
        del changed[draw.randrange(len(changed)) :]
    elif kind == 2:
        place = draw.randrange(min(len(changed), 200))
        changed[place : place + 4] = draw.choice(
            (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff")
        )
    elif kind == 3:
        found = [word for word in LENGTHS if word in data]
        place = data.index(draw.choice(found)) + 4 if found else 4
        changed[place : place + 4] = draw.randbytes(4)
    elif kind == 4:
        place = draw.randrange(len(changed))
        changed[place:place] = draw.randbytes(draw.randint(1, 3000))
    else:
        changed[: draw.randint(1, 64)] = draw.randbytes(draw.randint(0, 64))
    return bytes(changed)


def mutate_file(path: Path, draw: random.Random) -> Path:
    """The file changed in place, or under a name of another format."""
    if path.suffix in SUFFIXES and draw.random() < 0.2:
        return path.rename(path.with_suffix(draw.choice(SUFFIXES)))
    path.write_bytes(mutate_bytes(path.read_bytes(), draw))
    return path


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in plain data but the whole."""
    below = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, one in below:
        found.append((*way, key))
        if isinstance(one, dict | list):
            found += places(one, (*way, key))
    return found


def mutate_data(value: Any, draw: random.Random) -> Any:
    """One to three places replaced, taken out or doubled."""
    changed = copy.deepcopy(value)
    for _ in range(draw.randint(1, 3)):
        *way, last = draw.choice(places(changed))
        holder = changed
        for part in way:
            holder = holder[part]
        kind = draw.randrange(4)
        if kind == 0:
            del holder[last]
        elif kind == 1 and isinstance(holder, list):
            holder.extend([holder[last]] * draw.choice((1, 300)))
        elif kind == 1:
            holder[draw.choice(("extra", "\x00", "key", "x" * 300))] = copy.deepcopy(holder[last])
        else:
            holder[last] = copy.deepcopy(draw.choice(ODD))
        if not places(changed):
            break
    return changed
