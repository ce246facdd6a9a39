"""REST about studies: /api/v1/studies/."""

from rest_framework.routers import SimpleRouter

from studies.api import views

router = SimpleRouter()
router.register("studies", views.StudyViewSet, basename="api-study")

urlpatterns = router.urls
