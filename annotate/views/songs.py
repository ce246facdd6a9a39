"""The song library and a song's page."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analysis.vectors import STEMS
from annotate.background import enqueue
from annotate.forms import NEW_EXCERPT, ExcerptForm, LibraryForm
from annotate.listening import song_sound
from annotate.listings import song_lines
from annotate.models import Excerpt, Song
from annotate.models.songs import ROLE_CHOICES
from annotate.views.access import ResearcherRequest, render_page, researcher_required
from annotate.views.work import job_of, show_job

SONGS_PER_PAGE = 25


@researcher_required
@require_safe
def library(request: ResearcherRequest) -> HttpResponse:
    form = LibraryForm(request.GET)
    found = form.songs().order_by("artist", "title", "pk")
    songs = Paginator(found, SONGS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "songs": songs,
        "lines": song_lines(songs.object_list),
        "is_filtered": any(request.GET.get(name) for name in form.fields),
    }
    return render_page(request, "annotate/songs.html", context, part="results")


@researcher_required
@require_safe
def song(request: ResearcherRequest, key: str) -> HttpResponse:
    found = _song(key)
    excerpts = _excerpts(found)
    first = excerpts[0] if excerpts else None
    form = ExcerptForm(
        song=found,
        excerpts=excerpts,
        initial={
            "start_s": round(first.start_s, 1) if first else 0.0,
            "duration_s": round(first.duration_s if first else min(25.0, found.duration_s), 1),
            "replaces": first.key if first else NEW_EXCERPT,
        },
    )
    context = _context(request, found, excerpts, form)
    return render_page(request, "annotate/song.html", context, part="excerpts")


@researcher_required
@require_POST
def cut(request: ResearcherRequest, key: str) -> HttpResponse:
    """Ask the worker to cut an excerpt anew; the page then follows its job."""
    found = _song(key)
    if not found.has_audio:
        raise Http404
    excerpts = _excerpts(found)
    form = ExcerptForm(request.POST, song=found, excerpts=excerpts)
    if not form.is_valid():
        context = _context(request, found, excerpts, form)
        return render_page(request, "annotate/song.html", context, status=400)
    values = form.cleaned_data
    job = enqueue(
        "adjust_excerpt",
        {
            "song": found.key,
            "start_s": values["start_s"],
            "duration_s": values["duration_s"],
            "replaces": values["replaces"],
        },
        owner=request.user,
        about=str(found),
        page=reverse("song", args=[found.key]),
    )
    return show_job(reverse("song", args=[found.key]), job, anchor="#excerpts")


def _song(key: str) -> Song:
    return get_object_or_404(Song.objects.prefetch_related("stems"), key=key)


def _excerpts(song: Song) -> list[Excerpt]:
    usable = Excerpt.objects.usable().filter(song=song)
    return list(usable.annotate(campaign_count=Count("campaign_items")).order_by("start_s", "pk"))


def _context(
    request: ResearcherRequest, song: Song, excerpts: list[Excerpt], form: ExcerptForm
) -> dict[str, Any]:
    for excerpt in excerpts:
        excerpt.song = song
    stems = sorted(song.stems.all(), key=lambda stem: STEMS.index(stem.role))
    sound = song_sound(song, excerpts) if song.has_audio else None
    facts = [
        (_("Genre"), song.genre),
        (_("Split"), song.split),
        (_("Licence"), song.licence),
        (_("Source"), song.source),
    ]
    return {
        "song": song,
        "roles": ROLE_CHOICES,
        "stems": stems,
        "excerpts": excerpts,
        "form": form,
        "facts": [(name, value) for name, value in facts if value],
        "sound": sound,
        "job": job_of(request),
    }
