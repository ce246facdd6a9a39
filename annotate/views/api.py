"""REST views: lists and rows for researchers. Annotators' tokens open nothing here."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.models import Annotation, Campaign, Consensus, Excerpt, Song
from annotate.serializers import (
    AnnotationSerializer,
    CampaignSerializer,
    ConsensusSerializer,
    ExcerptSerializer,
    SongSerializer,
)
from annotate.services.campaigns import SONG_FILTERS, close_campaign, open_campaign


def parameter(view: viewsets.GenericViewSet[Any], name: str) -> str:
    return str(view.request.query_params.get(name, "")).replace("\x00", "")


def text_parameter(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, description=description)


class KeyLookup:
    """Rows are found by their opaque key. A NUL can be in no key, and PostgreSQL refuses it."""

    lookup_field = "key"
    lookup_value_regex = "[A-Za-z0-9_-]{1,32}"


@extend_schema_view(
    list=extend_schema(
        parameters=[
            text_parameter("search", "words in title, artist or genre"),
            *(text_parameter(name, "exact, any case") for name in SONG_FILTERS),
        ]
    )
)
class SongViewSet(
    KeyLookup,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    viewsets.GenericViewSet[Song],
):
    """Songs of the library. Title, artist, genre, split, licence and source can be mended."""

    serializer_class = SongSerializer
    queryset = Song.objects.none()

    def get_queryset(self) -> QuerySet[Song]:
        found = Song.objects.search(parameter(self, "search"))
        found = found.matching(**{name: parameter(self, name) for name in SONG_FILTERS})
        return found.prefetch_related("stems")


@extend_schema_view(list=extend_schema(parameters=[text_parameter("song", "key of a song")]))
class ExcerptViewSet(KeyLookup, viewsets.ReadOnlyModelViewSet[Excerpt]):
    """Excerpts, retired ones included."""

    serializer_class = ExcerptSerializer
    queryset = Excerpt.objects.none()

    def get_queryset(self) -> QuerySet[Excerpt]:
        found = Excerpt.objects.select_related("song")
        song = parameter(self, "song")
        return found.filter(song__key=song) if song else found


class CampaignViewSet(
    KeyLookup,
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Campaign],
):
    """Your campaigns. They start as drafts; `open` lets annotators in, `close` ends it."""

    serializer_class = CampaignSerializer
    queryset = Campaign.objects.none()

    def get_queryset(self) -> QuerySet[Campaign]:
        return Campaign.objects.visible_to(self.request.user).prefetch_related("items__excerpt")

    def perform_create(self, serializer: Any) -> None:
        try:
            serializer.save()
        except DjangoValidationError as error:
            raise serializers.ValidationError({"detail": error.messages}) from None
        except IntegrityError:
            # Sent twice at one instant: only the database can tell.
            taken = "you have a campaign of this name already"
            raise serializers.ValidationError({"name": [taken]}) from None

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="open")
    def open_(self, request: Request, key: str) -> Response:
        campaign = self.get_object()
        open_campaign(campaign=campaign, now=timezone.now())
        return Response(self.get_serializer(campaign).data)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, key: str) -> Response:
        campaign = self.get_object()
        close_campaign(campaign=campaign, now=timezone.now())
        campaign.refresh_from_db()
        return Response(self.get_serializer(campaign).data)


@extend_schema_view(
    list=extend_schema(
        parameters=[
            text_parameter("campaign", "key of a campaign"),
            text_parameter("revisions", "`all` gives superseded answers too"),
        ]
    )
)
class AnnotationViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[Annotation]):
    """Submitted balances of your campaigns: the last revision of each, unless `revisions=all`."""

    serializer_class = AnnotationSerializer
    queryset = Annotation.objects.none()

    def get_queryset(self) -> QuerySet[Annotation]:
        campaigns = Campaign.objects.visible_to(self.request.user)
        wanted = parameter(self, "campaign")
        if wanted:
            campaigns = campaigns.filter(key=wanted)
        found = Annotation.objects.filter(assignment__item__campaign__in=campaigns)
        if self.request.query_params.get("revisions") != "all":
            found = found.current()
        return found.select_related(
            "assignment__annotator", "assignment__item__campaign", "assignment__item__excerpt"
        ).order_by("pk")


@extend_schema_view(list=extend_schema(parameters=[text_parameter("campaign", "a campaign's key")]))
class ConsensusViewSet(KeyLookup, viewsets.ReadOnlyModelViewSet[Consensus]):
    """Frozen consensus versions of your campaigns, with the gains of every excerpt."""

    serializer_class = ConsensusSerializer
    queryset = Consensus.objects.none()

    def get_queryset(self) -> QuerySet[Consensus]:
        campaigns = Campaign.objects.visible_to(self.request.user)
        wanted = parameter(self, "campaign")
        if wanted:
            campaigns = campaigns.filter(key=wanted)
        return (
            Consensus.objects.filter(campaign__in=campaigns)
            .select_related("campaign")
            .prefetch_related("excerpts__item__excerpt__song")
        )
