"""Pages of a study that runs: /studies/<key>/..."""

from django.urls import URLPattern, path

from studies.views import dashboard, exclusions, judges, reviews, study_exports, study_reports

urlpatterns: list[URLPattern] = [
    path("<slug:key>/", dashboard.dashboard, name="study-dashboard"),
    *(
        path(f"<slug:key>/{act}/", dashboard.change, {"act": act}, name=f"study-{act}")
        for act in dashboard.ACTS
    ),
    path("<slug:key>/audit/", dashboard.audit, name="study-audit"),
    path("<slug:key>/people/", reviews.index, name="study-people"),
    path("<slug:key>/people/accept/", reviews.accept, name="study-accept"),
    path("<slug:key>/people/<slug:rater>/", reviews.person, name="study-person"),
    path("<slug:key>/people/<slug:rater>/review/", reviews.review, name="study-review"),
    path("<slug:key>/exclusions/", exclusions.index, name="study-exclusions"),
    path("<slug:key>/unblind/", study_exports.unblind, name="study-unblind"),
    path("<slug:key>/exports/", study_exports.exports, name="study-exports"),
    path("<slug:key>/exports/<slug:export>/", study_exports.take, name="study-export-take"),
    path("<slug:key>/judges/", judges.index, name="study-judges"),
    path("<slug:key>/judges/start/", judges.start, name="study-judge-start"),
    path("<slug:key>/judges/rubric/", judges.start_rubric, name="study-judge-rubric"),
    path("<slug:key>/judges/<int:number>/", judges.judge, name="study-judge"),
    path("<slug:key>/judges/<int:number>/<int:position>/", judges.trial, name="study-judge-trial"),
    path("<slug:key>/report/", study_reports.index, name="study-report"),
    path("<slug:key>/report/<slug:report>/", study_reports.show, name="study-report-show"),
    path("<slug:key>/report/<slug:report>.zip", study_reports.take, name="study-report-take"),
]
