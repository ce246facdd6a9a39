"""Requests and raw answers on disk, one folder per request, every file written whole.

`attempt-N.json` holds each attempt with its raw answer, tokens, cost, latency and seed;
`answer.json` the one that counts, so that a request is never paid twice.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from modeling.endpoint.request import Answer, EndpointError

_ANSWER = "answer.json"


class Store:
    """A folder of exchanges, shared by any number of processes.

    Raises:
        EndpointError: the folder cannot be written, or a file in it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def alone_with(self, key: str) -> Iterator[None]:
        """Holds one request, so that nobody else pays for it at the same time."""
        folder = self._folder(key)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY)
        except OSError as error:
            raise _cannot_write(folder, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def answer(self, key: str) -> Answer | None:
        """The answer that was paid for earlier, or None."""
        path = self._folder(key) / _ANSWER
        if not path.exists():
            return None
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return Answer(**{**values, "cached": True})
        except (OSError, ValueError, TypeError) as error:
            raise EndpointError(f"{path} is damaged; delete it to ask again") from error

    def keep_answer(self, key: str, answer: Answer) -> None:
        """Make an answer the one that counts."""
        self._write(self._folder(key) / _ANSWER, asdict(answer))

    def keep_attempt(self, key: str, record: dict[str, Any]) -> None:
        """Add one attempt; call within `alone_with`."""
        number = 1 + sum(1 for _ in self._folder(key).glob("attempt-*.json"))
        self._write(self._folder(key) / f"attempt-{number}.json", record)

    def attempts(self, key: str) -> list[dict[str, Any]]:
        """Every attempt at a request, in order."""
        files = self._folder(key).glob("attempt-*.json")
        ordered = sorted(files, key=lambda file: int(file.stem.removeprefix("attempt-")))
        return [json.loads(file.read_text(encoding="utf-8")) for file in ordered]

    def _folder(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _write(self, path: Path, values: dict[str, Any]) -> None:
        text = json.dumps(values, ensure_ascii=False, indent=1) + "\n"
        draft = None
        try:
            with tempfile.NamedTemporaryFile(
                "w", dir=path.parent, prefix=".", delete=False, encoding="utf-8", errors="replace"
            ) as file:
                draft = Path(file.name)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            if draft is not None:
                draft.unlink(missing_ok=True)
            raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> EndpointError:
    return EndpointError(f"{path} cannot be written: {error.strerror}; check rights and space")
