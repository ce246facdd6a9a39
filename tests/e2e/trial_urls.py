"""A stand-in for the participant's server, in memory: the page's contract and nothing more, so that
the page can be tested in every shape that a study could give it. What is sent is read by the
server's own reader; what was taken is shown at .../taken.json."""

import io
import json
import time
from typing import Any

import numpy as np
import soundfile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path

from annotate.services.payload import PayloadError
from studies.services.trial_payload import read_batch
from tests.e2e.trial_cases import block_of, page_of, sounds_of

RATE_HZ, SECONDS = 44_100, 4.0
TAKEN: dict[str, dict[str, Any]] = {}


def taken_of(key: str) -> dict[str, Any]:
    empty = {"phase": "before", "draft": {}, "draft_page": 0, "answers": [], "batches": {}}
    return TAKEN.setdefault(key, {**json.loads(json.dumps(empty)), "listened_s": {}, "events": []})


def trial(request: HttpRequest, key: str) -> HttpResponse:
    case, taken = key.partition("--")[0], taken_of(key)
    phase = taken["phase"]
    last = [answer["values"] for answer in taken["answers"] if phase in ("done", answer["phase"])]
    base = request.path
    given = {
        **page_of(case),
        "key": key,
        "phase": phase,
        "save_url": f"{base}save/",
        "sounds": {name: f"{base}{n}.flac" for n, name in enumerate(sounds_of(case, phase), 1)},
        "duration_s": SECONDS,
        "draft": taken["draft"],
        "answers": last[-1] if last else None,
        "listened_s": taken["listened_s"],
        "back_url": "/s/back/",
        "next_url": base if phase == "before" and page_of(case)["asked_after"] else "/s/next/",
        "withdraw_url": "/s/withdraw/",
        "page": max(int(time.time() * 1000), taken["draft_page"] + 1),
        "feedback": None,
    }
    return render(request, "studies/participant/trial.html", {"trial": given, "token": "token"})


def save(request: HttpRequest, key: str) -> JsonResponse:
    case, taken = key.partition("--")[0], taken_of(key)
    page = page_of(case)
    try:
        batch = read_batch(json.loads(request.body), block_of(case), page["letters"])
    except PayloadError as error:
        return JsonResponse({"error": str(error)}, status=400)
    if f"{batch.client} {batch.seq}" not in taken["batches"]:
        taken["batches"][f"{batch.client} {batch.seq}"] = len(batch.events)
        taken["events"] += batch.events
        for name, seconds in batch.listened_s.items():
            taken["listened_s"][name] = taken["listened_s"].get(name, 0.0) + seconds
    is_latest = batch.page >= taken["draft_page"]
    if is_latest:
        taken.update(draft=batch.draft, draft_page=batch.page)
    submitted = None
    if batch.submission is not None:
        sent = batch.submission
        if sent.key not in [answer["key"] for answer in taken["answers"]]:
            taken["answers"].append(
                {
                    "key": sent.key,
                    "phase": sent.phase,
                    "values": sent.values,
                    "reason": sent.no_answer_reason,
                }
            )
            locks = page["asked_after"] and sent.phase == "before"
            taken["phase"] = "after" if locks else "done"
            taken["draft"] = {} if locks else batch.draft
        training = page["kind"] == "training"
        submitted = {
            "revision": len(taken["answers"]),
            "at": "2026-01-01T00:00:00Z",
            "next": request.path.removesuffix("save/") if taken["phase"] == "after" else "/s/next/",
            "phase": sent.phase,
            "feedback": {"right": None, "text": "No answer is wrong."} if training else None,
        }
    return JsonResponse({"saved_seq": batch.seq, "is_latest": is_latest, "submitted": submitted})


def taken_json(request: HttpRequest, key: str) -> JsonResponse:
    return JsonResponse(taken_of(key))


def sound(request: HttpRequest, key: str, number: int) -> HttpResponse:
    file = io.BytesIO()
    soundfile.write(file, music(number).T, RATE_HZ, format="FLAC", subtype="PCM_16")
    return HttpResponse(file.getvalue(), content_type="audio/flac")


def music(number: int) -> Any:
    """(2, n): a beat and a chord, the chord louder in each version than in the one before."""
    time_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    beat = np.exp(-12 * (time_s % 0.5)) * np.sin(2 * np.pi * 60 * (time_s % 0.5))
    swell = 0.55 + 0.45 * np.sin(2 * np.pi * 0.4 * time_s)
    chord = sum(np.sin(2 * np.pi * hz * time_s) for hz in (220.0, 277.2, 329.6))
    mix = 0.3 * beat + 0.02 * (1 + number) * swell * chord
    return np.stack([mix, 0.9 * mix]) * 0.5


def plain(request: HttpRequest, name: str = "") -> HttpResponse:
    return HttpResponse(f"<!doctype html><title>{name}</title><h1>{name}</h1>")


urlpatterns = [
    path("s/<slug:key>/trial/", trial),
    path("s/<slug:key>/trial/save/", save),
    path("s/<slug:key>/trial/taken.json", taken_json),
    path("s/<slug:key>/trial/<int:number>.flac", sound),
    path("s/<slug:name>/", plain),
    path("healthz", plain),
]
