"""Audio for researchers: the stems as imported, as FLAC.

A file of 24 bits holds half the amplitude (modeling.storage), so that peaks over full scale
survive; the header X-Stem-Scale says by what the samples were multiplied.
"""

import numpy as np
import soundfile
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from analysis.vectors import STEMS
from annotate.listening import LONGEST_STRETCH_S
from annotate.models import Excerpt, Song
from annotate.views.access import ResearcherRequest, researcher_required
from annotate.views.stored_audio import FOREVER, stored_audio
from modeling.audio import SAMPLE_RATE_HZ, AudioError
from modeling.flac import flac_bytes
from modeling.storage import STORED_SCALE, read_stem

SCALE_HEADER = "X-Stem-Scale"
DEFAULT_STRETCH_S = 30.0


@researcher_required
@require_safe
def excerpt_stem(request: ResearcherRequest, key: str, role: str) -> HttpResponse:
    """The stored file itself."""
    excerpt = get_object_or_404(Excerpt, key=key)
    path = excerpt.folder / f"{role}.flac"
    if role not in STEMS or not path.is_file():
        raise Http404
    bits = int(soundfile.info(path).subtype.removeprefix("PCM_"))
    return stored_audio(path, {SCALE_HEADER: str(STORED_SCALE[bits])})


@researcher_required
@require_safe
def song_stem(request: ResearcherRequest, key: str, role: str) -> HttpResponse:
    """A stretch of a song's stem: ?start_s=..&duration_s=.., at most a minute."""
    song = get_object_or_404(Song, key=key)
    start_s = _seconds(request, "start_s", 0.0, song.duration_s)
    duration_s = _seconds(request, "duration_s", DEFAULT_STRETCH_S, LONGEST_STRETCH_S)
    if role not in STEMS:
        raise Http404
    try:
        samples = read_stem(song.folder, role, start_s, duration_s)
    except AudioError as error:
        raise Http404 from error
    headers = {SCALE_HEADER: str(STORED_SCALE[24]), "Cache-Control": FOREVER}
    content = flac_bytes(samples * np.float32(STORED_SCALE[24]), SAMPLE_RATE_HZ, bits=24)
    return HttpResponse(content, content_type="audio/flac", headers=headers)


def _seconds(request: ResearcherRequest, name: str, default: float, high: float) -> float:
    """A time from the address, held within 0 to `high`; anything else than a number is 404."""
    try:
        value = float(request.GET.get(name, default))
    except ValueError as error:
        raise Http404 from error
    if not np.isfinite(value):
        raise Http404
    return min(max(value, 0.0), high)
