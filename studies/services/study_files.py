"""A study as one file: its spec and the audio that it needs, to go on with elsewhere.

The ZIP holds `study.json` and the stems of each excerpt. Its items are listed one by one, so that
the same problems are compared wherever it is read; keys of the library are replaced by names of the
file. Reading it is a child's work (studies.unpacking): nothing of it is decoded here.
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from analysis.vectors import STEMS
from annotate.fields import new_key, storable_text
from annotate.media import media_folder
from annotate.models import Excerpt, Song
from annotate.services.library import peak_dbfs
from modeling.songs import CutExcerpt, read_excerpt, read_levels
from modeling.storage import StorageError, new_folder
from studies.models import Study
from studies.protocol.hashing import canonical
from studies.protocol.reading import SpecError, read_spec
from studies.protocol.spec import Spec
from studies.services.child import ReadingError, unpack_in_child
from studies.services.designing import create_study
from studies.services.planning import plan_items
from studies.services.refusing import Refused
from studies.unpacking import FORMAT, SONG_TEXTS, TOLD_FILE, VERSION

Unpack = Callable[[Path, Path, Callable[[float], None]], None]


def export_study(study: Study, out: Path) -> dict[str, Any]:
    """Write the latest version's spec with its audio; what the file holds.

    Raises:
        Refused: an excerpt is gone, or `out` cannot be written.
    """
    spec = read_spec(study.latest.spec)
    planned = plan_items(spec)
    excerpts = {one.source.excerpt.pk: one.source.excerpt for one in planned}
    names = {pk: f"excerpt-{number:03d}" for number, pk in enumerate(excerpts, 1)}
    main = [one for one in planned if one.kind == "main" and one.block == spec.blocks[0].key]
    extra = [names[one.source.excerpt.pk] for one in planned if one.kind != "main"]
    items = {
        "listed": [
            {
                "excerpt": names[one.source.excerpt.pk],
                "error_db": {stem: value for stem, value in one.error_db.items() if value},
            }
            for one in main
        ],
        "extra": list(dict.fromkeys(extra)),
    }
    data = study.latest.spec | {"items": items}
    draft = out.with_name(f".{out.name}.part")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as file:
            told = [_write_excerpt(file, names[pk], one) for pk, one in excerpts.items()]
            whole = {"format": FORMAT, "version": VERSION, "spec": data, "excerpts": told}
            file.writestr(zipfile.ZipInfo(TOLD_FILE), canonical(whole))
        draft.replace(out)
    except OSError as error:
        raise Refused(f"{out} cannot be written: {error.strerror or error}") from None
    finally:
        draft.unlink(missing_ok=True)
    return {"excerpts": len(told), "items": len(main), "bytes": out.stat().st_size}


def _write_excerpt(file: zipfile.ZipFile, name: str, excerpt: Excerpt) -> dict[str, Any]:
    song, stems = excerpt.song, {}
    for stem in STEMS:
        content = (excerpt.folder / f"{stem}.flac").read_bytes()
        path = f"{name}/{stem}.flac"
        # A date of its own would make equal studies unequal files.
        file.writestr(zipfile.ZipInfo(path), content)
        stems[stem] = {"path": path, "sha256": hashlib.sha256(content).hexdigest()}
    return {
        "name": name,
        "song": {key: getattr(song, key) for key in SONG_TEXTS}
        | {"fingerprint": song.fingerprint, "is_generated": song.is_generated},
        "start_s": excerpt.start_s,
        "stems": stems,
    }


def import_study(
    path: Path, owner: Any, now: datetime, *, unpack: Unpack = unpack_in_child
) -> Study:
    """A study with its draft from `export_study`'s file: all of it or nothing.

    Songs that the library has (by fingerprint and window) are used as they are.

    Raises:
        Refused: no such file, or something in it is not what it says; one line.
    """
    excerpts = media_folder("excerpts")
    try:
        # Beside the excerpts: what is good is moved there, which takes one file system.
        with new_folder(excerpts) as draft, _undone_on_error() as made:
            unpack(path, draft / "study", lambda share: None)
            told = json.loads((draft / "study" / TOLD_FILE).read_text(encoding="utf-8"))
            with transaction.atomic():
                keys = {
                    one["name"]: _excerpt_of(draft / "study" / str(number), one, made, now).key
                    for number, one in enumerate(told["excerpts"])
                }
                return create_study(owner, _localised(told["spec"], keys), now)
    except (Refused, ReadingError) as error:
        raise Refused(f"{path}: {error}") from None
    except OSError as error:
        raise Refused(f"{path}: cannot be stored ({error.strerror or error})") from None


def _excerpt_of(folder: Path, told: Mapping[str, Any], made: list[Path], now: datetime) -> Excerpt:
    """The excerpt in the library, from what was unpacked where it is not there yet."""
    cut = read_excerpt(folder)
    about = told["song"]
    song, _ = Song.objects.get_or_create(
        fingerprint=storable_text(about["fingerprint"])[:64],
        defaults={
            **{key: storable_text(about[key])[:most] for key, most in SONG_TEXTS.items()},
            "is_generated": about.get("is_generated") is True,
            "has_audio": False,
            "duration_s": cut.start_s + cut.duration_s,
            "imported_at": now,
        },
    )
    for one in song.excerpts.usable().filter(has_audio=True):
        same_window = abs(one.start_s - cut.start_s) < 1e-6
        if same_window and abs(one.duration_s - cut.duration_s) < 1e-6:
            return one
    return _new_excerpt(song, cut, made, now)


def _new_excerpt(song: Song, cut: CutExcerpt, made: list[Path], now: datetime) -> Excerpt:
    key = new_key()
    target = media_folder("excerpts", key)
    peaks = read_levels(cut.folder).peaks
    made.append(target)
    cut.folder.rename(target)
    return Excerpt.objects.create(
        key=key,
        song=song,
        label="imported with a study",
        start_s=cut.start_s,
        duration_s=cut.duration_s,
        origin=Excerpt.Origin.IMPORTED,
        loudness_lufs=dict(cut.loudness_lufs),
        peak_dbfs=peak_dbfs(peaks),
        activity=dict(cut.activity),
        created_at=now,
    )


def _localised(data: Mapping[str, Any], keys: Mapping[str, str]) -> Spec:
    """The spec with this library's keys for the names of the file."""
    try:
        spec = read_spec(dict(data))
    except SpecError as error:
        raise Refused(str(error)) from None
    items = spec.items.model_dump(mode="json")
    for listed in items["listed"]:
        listed["excerpt"] = _key(listed["excerpt"], keys)
    items["extra"] = [_key(name, keys) for name in items["extra"]]
    return read_spec(spec.as_data() | {"items": items})


def _key(name: str, keys: Mapping[str, str]) -> str:
    if name not in keys:
        raise Refused(f"items: excerpt {name!r} is not in the file")
    return keys[name]


@contextmanager
def _undone_on_error() -> Iterator[list[Path]]:
    """Folders that were made; removed again where the import does not come to its end."""
    made: list[Path] = []
    try:
        yield made
    except BaseException as error:
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, StorageError):
            raise Refused(str(error)) from None
        raise
