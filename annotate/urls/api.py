"""REST for researchers: /api/v1/."""

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from annotate.views import api

router = DefaultRouter()
router.register("songs", api.SongViewSet, basename="api-song")
router.register("excerpts", api.ExcerptViewSet, basename="api-excerpt")
router.register("campaigns", api.CampaignViewSet, basename="api-campaign")
router.register("annotations", api.AnnotationViewSet, basename="api-annotation")
router.register("consensus", api.ConsensusViewSet, basename="api-consensus")

urlpatterns = [
    path("", include(router.urls)),
]
