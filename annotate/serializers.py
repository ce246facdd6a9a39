"""What REST shows of a row. Names and units are those of the export's codebook."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from analysis.vectors import STEMS
from annotate.models import (
    Annotation,
    Campaign,
    Consensus,
    ConsensusExcerpt,
    Excerpt,
    Song,
    Stem,
)
from annotate.services.campaigns import SONG_FILTERS, create_campaign


@extend_schema_field(
    {
        "type": "object",
        "properties": {stem: {"type": "number", "nullable": True} for stem in STEMS},
        "nullable": True,
    }
)
class StemValuesJson(serializers.JSONField):
    """{"vocals": dB or null, "drums": ..., "bass": ..., "other": ...}"""


class StemSerializer(serializers.ModelSerializer[Stem]):
    class Meta:
        model = Stem
        fields = [
            "role",
            "loudness_lufs",
            "peak_dbfs",
            "activity",
            "source_rate_hz",
            "source_channels",
        ]


class SongSerializer(serializers.ModelSerializer[Song]):
    stems = StemSerializer(many=True, read_only=True)

    class Meta:
        model = Song
        fields = [
            "key",
            "title",
            "artist",
            "genre",
            "split",
            "licence",
            "source",
            "is_generated",
            "fingerprint",
            "duration_s",
            "notes",
            "imported_at",
            "stems",
        ]
        # What people describe may be mended; what was measured may not.
        read_only_fields = ["key", "is_generated", "fingerprint", "duration_s", "notes"]
        extra_kwargs = {"imported_at": {"read_only": True}}


class ExcerptSerializer(serializers.ModelSerializer[Excerpt]):
    song = serializers.SlugRelatedField[Song](slug_field="key", read_only=True)
    loudness_lufs = StemValuesJson(read_only=True)
    activity = StemValuesJson(read_only=True)

    class Meta:
        model = Excerpt
        fields = [
            "key",
            "song",
            "label",
            "start_s",
            "duration_s",
            "origin",
            "reasons",
            "loudness_lufs",
            "activity",
            "created_at",
            "retired_at",
        ]
        read_only_fields = fields


class SongFilterSerializer(serializers.Serializer[Any]):
    """Which songs a campaign takes its excerpts from; a misspelt name would silently take all."""

    genre = serializers.CharField(required=False, allow_blank=True, max_length=100)
    artist = serializers.CharField(required=False, allow_blank=True, max_length=200)
    split = serializers.CharField(required=False, allow_blank=True, max_length=20)
    licence = serializers.CharField(required=False, allow_blank=True, max_length=100)

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(SONG_FILTERS)) if isinstance(data, dict) else []
        if unknown:
            raise serializers.ValidationError(
                f"unknown filter {str(unknown[0])[:40]!r}: use {', '.join(SONG_FILTERS)}"
            )
        return super().to_internal_value(data)


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    song_filter = SongFilterSerializer(required=False)
    excerpts = serializers.SerializerMethodField()

    class Meta:
        model = Campaign
        fields = [
            "key",
            "name",
            "state",
            "instructions",
            "consent_text",
            "overlap",
            "repeats",
            "headphone_check",
            "lease_minutes",
            "minimum_listening_s",
            "target_loudness_lufs",
            "seed",
            "song_filter",
            "created_at",
            "opened_at",
            "closed_at",
            "excerpts",
        ]
        read_only_fields = ["key", "state", "target_loudness_lufs"]
        extra_kwargs = {
            "created_at": {"read_only": True},
            "opened_at": {"read_only": True},
            "closed_at": {"read_only": True},
            "seed": {"required": False},
        }
        # The name is unique per owner, and the owner is not sent: the database has the last word.
        validators: list[Any] = []

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_excerpts(self, campaign: Campaign) -> list[str]:
        return [item.excerpt.key for item in campaign.items.all()]

    def validate_name(self, name: str) -> str:
        owner = self.context["request"].user
        if Campaign.objects.filter(owner=owner, name=name.strip()).exists():
            raise serializers.ValidationError("you have a campaign of this name already")
        return name.strip()

    def validate_song_filter(self, song_filter: dict[str, str]) -> dict[str, str]:
        return {name: song_filter.get(name, "") for name in SONG_FILTERS}

    def create(self, validated_data: dict[str, Any]) -> Campaign:
        return create_campaign(
            owner=self.context["request"].user, now=timezone.now(), **validated_data
        )


class AnnotationSerializer(serializers.ModelSerializer[Annotation]):
    """One answer. The person is a letter; hidden trims and starts are in the export."""

    campaign = serializers.CharField(source="assignment.item.campaign.key", read_only=True)
    excerpt = serializers.CharField(source="assignment.item.excerpt.key", read_only=True)
    assignment = serializers.CharField(source="assignment.key", read_only=True)
    annotator = serializers.CharField(source="assignment.annotator.letter", read_only=True)
    annotator_kind = serializers.CharField(source="assignment.annotator.kind", read_only=True)
    repeat = serializers.IntegerField(source="assignment.repeat", read_only=True)
    fader_db = StemValuesJson(read_only=True)
    balance_db = StemValuesJson(read_only=True)

    class Meta:
        model = Annotation
        fields = [
            "campaign",
            "excerpt",
            "assignment",
            "annotator",
            "annotator_kind",
            "repeat",
            "revision",
            "fader_db",
            "balance_db",
            "cannot_judge_reason",
            "confidence",
            "comment",
            "listened_s",
            "moves",
            "is_surplus",
            "submitted_at",
        ]
        read_only_fields = fields


class ConsensusExcerptSerializer(serializers.ModelSerializer[ConsensusExcerpt]):
    excerpt = serializers.CharField(source="item.excerpt.key", read_only=True)
    song = serializers.CharField(source="item.excerpt.song.key", read_only=True)
    balance_db = StemValuesJson(read_only=True)
    low_db = StemValuesJson(read_only=True)
    high_db = StemValuesJson(read_only=True)
    spread_db = StemValuesJson(read_only=True)
    off_share = StemValuesJson(read_only=True)
    top_share = StemValuesJson(read_only=True)

    class Meta:
        model = ConsensusExcerpt
        fields = [
            "excerpt",
            "song",
            "status",
            "n",
            "balance_db",
            "low_db",
            "high_db",
            "spread_db",
            "off_share",
            "top_share",
            "reason",
        ]
        read_only_fields = fields


class ConsensusSerializer(serializers.ModelSerializer[Consensus]):
    campaign = serializers.CharField(source="campaign.key", read_only=True)
    excerpts = ConsensusExcerptSerializer(many=True, read_only=True)

    class Meta:
        model = Consensus
        fields = [
            "key",
            "campaign",
            "version",
            "rules",
            "seed",
            "annotation_count",
            "excluded",
            "agreement",
            "software",
            "content_hash",
            "frozen_at",
            "excerpts",
        ]
        read_only_fields = fields
