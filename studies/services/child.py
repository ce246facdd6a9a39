"""Decoding what a person sent, in a child process."""

from pathlib import Path

from modeling.child import ChildLostError, Progress, run_child

LONGEST_WAIT_S = 900.0
LONGEST_ARCHIVE_WAIT_S = 3600.0


class ReadingError(Exception):
    """What was sent cannot be used: one line for the person who brought it."""


def read_in_child(
    folder: Path,
    target: Path,
    *,
    longest_s: float,
    progress: Progress,
    wait_s: float = LONGEST_WAIT_S,
) -> list[str]:
    """Read the stems in `folder` into `target`; the notes on them.

    Raises:
        ReadingError: they cannot be used, or took more memory or time than an upload may.
    """
    command = ["studies.reading", str(folder), str(target), "--longest-s", str(longest_s)]
    try:
        last = run_child(command, progress=progress, wait_s=wait_s)
    except ChildLostError:
        raise ReadingError(
            "The stems took more memory or time to read than an upload may, or they are damaged; "
            "export them again, shorter perhaps."
        ) from None
    if "reason" in last:
        raise ReadingError(in_words(folder, Path(str(last.get("path", folder))), last["reason"]))
    return [str(note) for note in last["notes"]]


def unpack_in_child(archive: Path, target: Path, progress: Progress) -> None:
    """Check a study's archive and write what it holds into `target` (studies.unpacking).

    Raises:
        ReadingError: it is not what it says, or took more memory or time than it may.
    """
    command = ["studies.unpacking", str(archive), str(target)]
    try:
        last = run_child(command, progress=progress, wait_s=LONGEST_ARCHIVE_WAIT_S)
    except ChildLostError:
        raise ReadingError(
            "took more memory or time to read than an archive may, or is damaged; export it again"
        ) from None
    if "reason" in last:
        raise ReadingError(str(last["reason"]))


def in_words(folder: Path, path: Path, reason: str) -> str:
    """A fault as a sentence without a path of the server: of one stem, or of the set."""
    subject = path.stem if path.parent == folder and path != folder else ""
    text = f"{subject} {reason}".strip()
    return f"{text[0].upper()}{text[1:]}."
