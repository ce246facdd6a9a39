"""A stored audio file as the answer: the bytes and no more, with no name, date or mark on it."""

from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse

# Keys are never used again and what they name never changes.
FOREVER = "private, max-age=31536000, immutable"


def stored_audio(path: Path, headers: dict[str, str] | None = None) -> HttpResponse:
    """Who may hear it was decided by the caller. Where nginx stands in front it is told which file
    to send (X_ACCEL_PREFIX), so that no web process is busy with bytes.

    Raises:
        OSError: there is no such file.
        ValueError: the file does not lie in the media folder.
    """
    headers = {"Cache-Control": FOREVER, **(headers or {})}
    if not settings.X_ACCEL_PREFIX:
        return HttpResponse(path.read_bytes(), content_type="audio/flac", headers=headers)
    place = path.relative_to(settings.MEDIA_ROOT)
    if ".." in place.parts:
        raise ValueError(f"{path} leads out of the media folder")
    path.stat()
    headers["X-Accel-Redirect"] = settings.X_ACCEL_PREFIX + quote(str(place))
    return HttpResponse(content_type="audio/flac", headers=headers)
