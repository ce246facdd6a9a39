"""The participant's pages: /s/... A token is the person; there is no account."""

from django.urls import URLPattern, path

from studies.views.participant import hearing, joining, steps, trials

urlpatterns: list[URLPattern] = [
    path("join/<slug:key>/", joining.join_study, name="part-join"),
    path("<slug:token>/", steps.home, name="part-home"),
    path("<slug:token>/consent/", steps.consent, name="part-consent"),
    path("<slug:token>/questionnaire/", steps.questionnaire, name="part-questionnaire"),
    path("<slug:token>/volume/", steps.volume, name="part-volume"),
    path("<slug:token>/calibration/", steps.calibration, name="part-calibration"),
    path("<slug:token>/headphones/", hearing.check, name="part-headphones"),
    path("<slug:token>/headphones/begin/", hearing.begin, name="part-headphones-begin"),
    path("<slug:token>/headphones/go-on/", hearing.go_on, name="part-headphones-go-on"),
    path(
        "<slug:token>/headphones/<slug:key>/<int:trial>.flac",
        hearing.sound,
        name="part-headphones-sound",
    ),
    path("<slug:token>/headphones/<slug:key>/", hearing.answers, name="part-headphones-answers"),
    path("<slug:token>/instructions/", steps.instructions, name="part-instructions"),
    path("<slug:token>/trials/", trials.due, name="part-trials"),
    path("<slug:token>/debriefing/", steps.debriefing, name="part-debriefing"),
    path("<slug:token>/done/", steps.done, name="part-done"),
    path("<slug:token>/withdraw/", steps.withdraw, name="part-withdraw"),
    path("<slug:token>/data.json", steps.data, name="part-data"),
    path("<slug:token>/t/<slug:key>/", trials.page, name="part-trial"),
    path("<slug:token>/t/<slug:key>/save/", trials.save, name="part-save"),
    path("<slug:token>/t/<slug:key>/<int:number>.flac", trials.sound, name="part-sound"),
]
