"""Addresses of this package: Advise, the cards of the systems, experts and their own pages."""

from django.urls import include, path

from studies.views import advise, cards, experts, library, power

urlpatterns = [
    path("studies/", include("studies.study_urls")),
    path("power/", power.power, name="power"),
    path("power/simulate/", power.simulate, name="power-simulate"),
    path("advise/", advise.home, name="advise"),
    path("advise/songs/<slug:key>/", library.excerpt, name="advise-excerpt"),
    path(
        "advise/songs/<slug:key>/balance.<slug:format_>",
        library.excerpt_balance,
        name="advise-excerpt-balance",
    ),
    path("advise/<slug:key>/", advise.upload, name="advise-upload"),
    path("advise/<slug:key>/delete/", advise.delete, name="advise-delete"),
    path("advise/<slug:key>/<slug:role>.flac", advise.upload_stem, name="advise-upload-stem"),
    path(
        "advise/<slug:key>/balance.<slug:format_>",
        advise.upload_balance,
        name="advise-upload-balance",
    ),
    path("experts/", experts.index, name="experts"),
    path("experts/<slug:key>/revoke/", experts.revoke, name="expert-revoke"),
    path("e/<slug:token>/", experts.home, name="expert"),
    path("e/<slug:token>/<slug:key>/", experts.task, name="expert-task"),
    path("e/<slug:token>/<slug:key>/<slug:role>.flac", experts.stem, name="expert-stem"),
    path("models/", cards.index, name="models"),
    path("models/<slug:name>/", cards.card, name="model"),
]
