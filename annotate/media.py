"""Where audio lies: folders under MEDIA_ROOT with opaque names. No URL leads there directly."""

from pathlib import Path

from django.conf import settings


def media_folder(*parts: str) -> Path:
    """A folder below MEDIA_ROOT; it need not exist."""
    root: Path = Path(settings.MEDIA_ROOT)
    return root.joinpath(*parts)
