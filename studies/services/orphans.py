"""Folders of files whose row is gone: a study that was deleted, a process that was killed."""

import shutil

from django.db.models import Model

from annotate.media import media_folder


def remove_orphans(place: str, model: type[Model]) -> int:
    """Remove the folders below `place` that are called like no row's key; how many there were. Rows
    are made before their folders."""
    folders = sorted(media_folder(place).glob("*"))
    keys = set(model._default_manager.values_list("key", flat=True))
    orphans = [folder for folder in folders if folder.name not in keys]
    for folder in orphans:
        shutil.rmtree(folder, ignore_errors=True)
    return len(orphans)
