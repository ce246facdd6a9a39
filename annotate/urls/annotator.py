"""The annotator's pages, all under an invite token: /a/<token>/..."""

from django.urls import path

from annotate.views import annotator, headphones, person

urlpatterns = [
    path("", annotator.queue, name="queue"),
    path("welcome/", annotator.welcome, name="welcome"),
    path("language/", annotator.language, name="annotator-language"),
    path("data.json", person.data, name="person-data"),
    path("withdraw/", person.withdraw, name="annotator-withdraw"),
    path("next/", annotator.next_excerpt, name="next"),
    path("headphones/", headphones.check, name="headphones"),
    path("headphones/start/", headphones.start, name="headphones-start"),
    path("headphones/<slug:key>/<int:trial>.flac", headphones.sound, name="headphones-sound"),
    path("headphones/<slug:key>/answers/", headphones.answers, name="headphones-answers"),
    path("mix/<slug:key>/", annotator.mixer, name="mixer"),
    path("mix/<slug:key>/save/", annotator.save, name="save"),
    path("mix/<slug:key>/<slug:role>.flac", annotator.stem_audio, name="stem-audio"),
]
