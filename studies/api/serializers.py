"""What REST shows of studies, and what it takes."""

from typing import Any

from django.contrib.auth import get_user_model
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotate.serializers import StemValuesJson
from studies.models import Item, Stimulus, Study, StudyMember, StudyVersion
from studies.protocol.reading import SpecError, read_spec


@extend_schema_field({"type": "object", "additionalProperties": True})
class SpecJson(serializers.JSONField):
    """A whole spec (docs/study-spec.md; its JSON schema is at `studies/spec-schema/`)."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return read_spec(super().to_internal_value(data))
        except SpecError as error:
            raise serializers.ValidationError(list(error.faults)) from None


class StudySerializer(serializers.ModelSerializer[Study]):
    """A study with its latest version, and what you may do with it."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    may = serializers.SerializerMethodField()
    version = serializers.SerializerMethodField()
    state = serializers.SerializerMethodField()
    protocol_hash = serializers.SerializerMethodField()
    plan_hash = serializers.SerializerMethodField()
    frozen_at = serializers.SerializerMethodField()
    closed_at = serializers.SerializerMethodField()

    class Meta:
        model = Study
        fields = [
            "key",
            "title",
            "owner",
            "may",
            "version",
            "state",
            "protocol_hash",
            "plan_hash",
            "created_at",
            "frozen_at",
            "closed_at",
        ]
        read_only_fields = fields

    def _latest(self, study: Study) -> StudyVersion:
        # Prefetched in order: the last is the latest.
        return list(study.versions.all())[-1]

    def get_may(self, study: Study) -> str:
        """view, run, unblind or own"""
        user = self.context["request"].user
        if user.is_superuser or study.owner_id == user.pk:
            return "own"
        own = [member.may for member in study.members.all() if member.user_id == user.pk]
        return str(own[0]) if own else ""

    def get_version(self, study: Study) -> int:
        return self._latest(study).number

    def get_state(self, study: Study) -> str:
        """draft, open, paused or closed"""
        return self._latest(study).state

    def get_protocol_hash(self, study: Study) -> str:
        return self._latest(study).protocol_hash

    def get_plan_hash(self, study: Study) -> str:
        return self._latest(study).plan_hash

    @extend_schema_field({"type": "string", "format": "date-time", "nullable": True})
    def get_frozen_at(self, study: Study) -> Any:
        return self._latest(study).frozen_at

    @extend_schema_field({"type": "string", "format": "date-time", "nullable": True})
    def get_closed_at(self, study: Study) -> Any:
        return self._latest(study).closed_at


class StudyDetailSerializer(StudySerializer):
    """The same with the spec of the latest version."""

    spec = serializers.SerializerMethodField()

    class Meta(StudySerializer.Meta):
        fields = [*StudySerializer.Meta.fields, "spec"]
        read_only_fields = fields

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_spec(self, study: Study) -> Any:
        return self._latest(study).spec


class SpecSerializer(serializers.Serializer[Any]):
    spec = SpecJson()


class CloneSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200)


class MemberSerializer(serializers.Serializer[Any]):
    """A colleague and what they may do; `username` is that of an account of this site."""

    username = serializers.CharField(source="user.username", max_length=150)
    may = serializers.ChoiceField(choices=StudyMember.May.choices)


class MemberWriteSerializer(serializers.Serializer[Any]):
    """`may` null takes the right away."""

    username = serializers.CharField(max_length=150)
    may = serializers.ChoiceField(choices=StudyMember.May.choices, allow_null=True)

    def validate_username(self, name: str) -> Any:
        found = get_user_model().objects.filter(username=name.replace("\0", "")).first()
        if found is None:
            raise serializers.ValidationError(f"no account is called {name[:60]!r}")
        return found


class StimulusSerializer(serializers.ModelSerializer[Stimulus]):
    """What is compared. `name` is null where you must not know which system it is."""

    name = serializers.SerializerMethodField()
    balance_db = StemValuesJson(read_only=True, allow_null=True)
    is_rendered = serializers.SerializerMethodField()

    class Meta:
        model = Stimulus
        fields = ["number", "role", "name", "text", "balance_db", "is_rendered"]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "nullable": True})
    def get_name(self, stimulus: Stimulus) -> str | None:
        is_hidden = stimulus.role == Stimulus.Role.SYSTEM and not self.context.get("names")
        return None if is_hidden else stimulus.name

    def get_is_rendered(self, stimulus: Stimulus) -> bool:
        return stimulus.rendering is not None


class ItemSerializer(serializers.ModelSerializer[Item]):
    excerpt = serializers.CharField(source="excerpt.key", read_only=True)
    reference_db = StemValuesJson(read_only=True)
    problem_db = StemValuesJson(read_only=True)
    error_db = StemValuesJson(read_only=True)
    stimuli = StimulusSerializer(many=True, read_only=True)

    class Meta:
        model = Item
        fields = [
            "number",
            "block",
            "kind",
            "excerpt",
            "reference_db",
            "problem_db",
            "error_db",
            "stimuli",
        ]
        read_only_fields = fields
