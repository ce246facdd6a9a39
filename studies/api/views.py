"""Views: studies from specs, their states, colleagues and items."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.views.api import KeyLookup
from studies.api.serializers import (
    CloneSerializer,
    ItemSerializer,
    MemberSerializer,
    MemberWriteSerializer,
    SpecSerializer,
    StudyDetailSerializer,
    StudySerializer,
)
from studies.models import Item, Study, StudyVersion
from studies.protocol.spec import Spec
from studies.services import designing, freezing
from studies.services.refusing import Refused
from studies.services.unblinding import names_allowed

DETAIL = StudyDetailSerializer
REFUSED = OpenApiResponse(description="One line says why it cannot be done as things stand.")


class RefusedAnswer(APIException):
    """What was asked is well-formed, and cannot be done as things stand."""

    status_code = status.HTTP_409_CONFLICT


class allowed:  # noqa: N801 - read as a word: with allowed():
    """Turns a refusal of the services into a 409 with its line."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Refused):
            raise RefusedAnswer(str(error)) from None


@extend_schema_view(
    list=extend_schema(responses=StudySerializer(many=True)),
    retrieve=extend_schema(responses=DETAIL),
)
class StudyViewSet(
    KeyLookup,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Study],
):
    """Your studies and those shared with you. A study is made from a spec and is a draft until it
    is frozen, which opens it."""

    serializer_class = StudySerializer
    queryset = Study.objects.none()

    def get_queryset(self) -> QuerySet[Study]:
        visible = Study.objects.visible_to(self.request.user).select_related("owner")
        return visible.prefetch_related("versions", "members")

    def get_serializer_class(self) -> Any:
        return DETAIL if self.action == "retrieve" else StudySerializer

    def _study(self, may: str) -> Study:
        """The study of the address; 404 for a stranger, 403 for too few rights."""
        study = self.get_object()
        if not designing.may_at_least(self.request.user, study, may):
            raise PermissionDenied(f"you may not do this with the study: it takes {may!r}")
        return study

    def _shown(self, study: Study, code: int = status.HTTP_200_OK) -> Response:
        found = self.get_queryset().get(pk=study.pk)
        return Response(DETAIL(found, context=self.get_serializer_context()).data, status=code)

    def _sent_spec(self, request: Request) -> Spec:
        sent = SpecSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        spec: Spec = sent.validated_data["spec"]
        return spec

    @extend_schema(request=SpecSerializer, responses={201: DETAIL, 409: REFUSED})
    def create(self, request: Request) -> Response:
        """A study with a draft of this spec."""
        spec = self._sent_spec(request)
        with allowed():
            study = designing.create_study(request.user, spec, timezone.now())
        return self._shown(study, status.HTTP_201_CREATED)

    @extend_schema(request=SpecSerializer, responses={200: DETAIL, 409: REFUSED})
    def update(self, request: Request, key: str) -> Response:
        """Replace the draft's spec as a whole."""
        study = self._study("own")
        spec = self._sent_spec(request)
        with allowed():
            designing.save_draft(study.latest, spec, timezone.now())
        return self._shown(study)

    def _change(self, may: str, act: Callable[[StudyVersion], Any]) -> Response:
        study = self._study(may)
        with allowed():
            act(study.latest)
        return self._shown(study)

    @extend_schema(request=None, responses={200: DETAIL, 409: REFUSED})
    @action(detail=True, methods=["post"])
    def freeze(self, request: Request, key: str) -> Response:
        """Lock the draft and open it; 409 says what is missing first."""
        return self._change("own", lambda v: freezing.freeze(v, request.user, timezone.now()))

    @extend_schema(request=None, responses={200: DETAIL, 409: REFUSED})
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, key: str) -> Response:
        """Let nobody new in."""
        return self._change("run", lambda v: freezing.pause(v, request.user, timezone.now()))

    @extend_schema(request=None, responses={200: DETAIL, 409: REFUSED})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, key: str) -> Response:
        """Let people in again."""
        return self._change("run", lambda v: freezing.resume(v, request.user, timezone.now()))

    @extend_schema(request=None, responses={200: DETAIL, 409: REFUSED})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, key: str) -> Response:
        """Take no more answers."""
        return self._change("run", lambda v: freezing.close(v, request.user, timezone.now()))

    @extend_schema(request=None, responses={200: DETAIL, 409: REFUSED})
    @action(detail=True, methods=["post"], url_path="new-version")
    def new_version(self, request: Request, key: str) -> Response:
        """A draft that begins as a copy of the frozen version."""
        study = self._study("own")
        with allowed():
            designing.new_version(study, timezone.now(), by=request.user)
        return self._shown(study)

    @extend_schema(request=CloneSerializer, responses={201: DETAIL, 409: REFUSED})
    @action(detail=True, methods=["post"])
    def clone(self, request: Request, key: str) -> Response:
        """Another study of yours with the same design, and nobody's answers."""
        study = self._study("view")
        sent = CloneSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        with allowed():
            made = designing.clone_study(
                study, request.user, sent.validated_data["title"], timezone.now()
            )
        return self._shown(made, status.HTTP_201_CREATED)

    @extend_schema(methods=["get"], responses=MemberSerializer(many=True))
    @extend_schema(
        methods=["post"],
        request=MemberWriteSerializer,
        responses={200: MemberSerializer(many=True), 409: REFUSED},
    )
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def members(self, request: Request, key: str) -> Response:
        """Colleagues and their rights; POST gives, changes or (`may` null) takes one away."""
        study = self._study("own")
        if request.method == "POST":
            sent = MemberWriteSerializer(data=request.data)
            sent.is_valid(raise_exception=True)
            colleague, may = sent.validated_data["username"], sent.validated_data["may"]
            with allowed():
                if may is None:
                    designing.unshare(study, colleague, request.user, timezone.now())
                else:
                    designing.share(study, colleague, may, request.user, timezone.now())
        rows = study.members.select_related("user").order_by("user__username")
        return Response(MemberSerializer(rows, many=True).data)

    @extend_schema(responses=ItemSerializer(many=True))
    @action(detail=True, methods=["get"])
    def items(self, request: Request, key: str) -> Response:
        """What the latest version compares. Names of systems are null but for the owner of a draft,
        and for who has unblinded the version."""
        study = self._study("view")
        version = study.latest
        rows = Item.objects.filter(version=version).select_related("excerpt")
        page: Any = self.paginate_queryset(rows.prefetch_related("stimuli"))  # type: ignore[arg-type]
        right = designing.may(request.user, study)
        names = names_allowed(version, request.user, right)
        context = {**self.get_serializer_context(), "names": names}
        return self.get_paginated_response(ItemSerializer(page, many=True, context=context).data)

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    @action(detail=False, methods=["get"], url_path="spec-schema", pagination_class=None)
    def spec_schema(self, request: Request) -> Response:
        """The JSON schema of a spec."""
        return Response(Spec.model_json_schema())
