"""The researcher's pages of studies: /studies/..."""

from django.urls import URLPattern, path

from studies import running_urls
from studies.views import builder, previews, proofreading, studies, study_import

PROOF = "<slug:key>/proof/<int:item>/<int:stimulus>"

urlpatterns: list[URLPattern] = [
    path("", studies.index, name="studies"),
    path("new/", studies.new, name="study-new"),
    path("import/", study_import.import_, name="study-import"),
    path("<slug:key>/clone/", studies.clone, name="study-clone"),
    path("<slug:key>/share/", studies.share, name="study-share"),
    path("<slug:key>/share/remove/", studies.unshare, name="study-unshare"),
    path("<slug:key>/edit/", builder.edit, name="study-edit"),
    path("<slug:key>/edit/check/", builder.check, name="study-check"),
    path("<slug:key>/edit/toml/", builder.toml, name="study-toml"),
    path("<slug:key>/new-version/", builder.new_version, name="study-new-version"),
    path("<slug:key>/spec.<slug:format_>", builder.spec, name="study-spec"),
    path("<slug:key>/archive.zip", study_import.archive, name="study-archive"),
    path("<slug:key>/preview/", previews.page, name="study-preview"),
    path("<slug:key>/preview/trial/", previews.trial, name="study-preview-trial"),
    path("<slug:key>/preview/save/", previews.save, name="study-preview-save"),
    path("<slug:key>/preview/sound.flac", previews.sound, name="study-preview-sound"),
    path("<slug:key>/proof/", proofreading.proof, name="study-proof"),
    path("<slug:key>/proof/prepare/", proofreading.prepare, name="study-prepare"),
    path(f"{PROOF}/", proofreading.change, name="study-proof-change"),
    path(f"{PROOF}.flac", proofreading.sound, name="study-proof-sound"),
    path("<slug:key>/open/", proofreading.open_, name="study-open"),
    *running_urls.urlpatterns,
]
