"""Every address of the site."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from config import audit_views, job_views, signing_in, views

handler404 = "config.views.page_not_found"

handler500 = "config.away.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("login/", signing_in.LimitedLoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(http_method_names=["post"]), name="logout"),
    path("jobs/", job_views.index, name="jobs"),
    path("jobs/<slug:key>/", job_views.job, name="job"),
    path("jobs/<slug:key>/stop/", job_views.stop, name="job-stop"),
    path("jobs/<slug:key>/retry/", job_views.retry, name="job-retry"),
    path("audit/", audit_views.index, name="audit"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("a/<slug:token>/", include("annotate.urls.annotator")),
    path("s/", include("studies.participant_urls")),
    path("", include("annotate.urls.researcher")),
    path("", include("studies.urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/v1/token/", signing_in.TokenView.as_view(), name="api-token"),
    path("api/v1/", include("studies.api.urls")),
    path("api/v1/", include("annotate.urls.api")),
]
