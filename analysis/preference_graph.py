"""Which systems a set of comparisons connects: strengths of parts that never meet cannot be
compared."""

from collections.abc import Iterable, Sequence


def parts_of(names: Sequence[str], pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """The connected parts, each in the order of `names`; one part where all can be compared.

    >>> parts_of(["a", "b", "c"], [("a", "b")])
    [['a', 'b'], ['c']]
    """
    part = {name: name for name in names}

    def root(name: str) -> str:
        while part[name] != name:
            name = part[name]
        return name

    for one, other in pairs:
        part[root(other)] = root(one)
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(root(name), []).append(name)
    return list(found.values())
