"""Stems to hear and balances to take away, the same for uploads and the library."""

import soundfile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header

from analysis.vectors import STEMS
from annotate.fields import StemValues
from annotate.models import Excerpt
from annotate.views.audio import SCALE_HEADER
from annotate.views.stored_audio import stored_audio
from modeling.audio import AudioError
from modeling.storage import STORED_SCALE
from studies import downloads
from studies.models import Advice, Upload
from studies.stems import StemSet


def stem_answer(stem_set: StemSet, role: str) -> HttpResponseBase:
    """A stored stem of the window; its header says by what the samples were multiplied."""
    path = stem_set.folder / f"{role}.flac"
    if role not in STEMS or not path.is_file():
        raise Http404
    bits = int(soundfile.info(path).subtype.removeprefix("PCM_"))
    return stored_audio(path, {SCALE_HEADER: str(STORED_SCALE[bits])})


def download_balance(
    request: HttpRequest, stems: Excerpt | Upload, problem_db: StemValues | None, format_: str
) -> HttpResponseBase:
    """The balance of ?system=NAME, or without one that at which the stems stand."""
    if format_ not in downloads.CONTENT_TYPES:
        raise Http404
    stem_set = StemSet(stems, problem_db)
    try:
        advice = _named(request, stems, stem_set.problem_db)
        name = downloads.file_name(stem_set, advice, format_)
        content_type = downloads.CONTENT_TYPES[format_]
        if format_ == "zip":
            packed = downloads.as_zip(stem_set, advice)
            return FileResponse(
                packed, as_attachment=True, filename=name, content_type=content_type
            )
        make = {"json": downloads.as_json, "csv": downloads.as_csv, "rpp": downloads.as_project}
        text = make[format_](stem_set, advice)
    except (AudioError, OSError) as error:
        raise Http404 from error
    headers = {"Content-Disposition": content_disposition_header(True, name)}
    return HttpResponse(text, content_type=content_type, headers=headers)


def _named(request: HttpRequest, stems: Excerpt | Upload, problem_db: StemValues) -> Advice | None:
    name = request.GET.get("system", "")
    if not name:
        return None
    return get_object_or_404(Advice.objects.on(stems, problem_db), system__name=name)
