"""Songs, campaigns, the people who annotate, what they submitted, and the frozen consensus."""

from annotate.models.acts import Act
from annotate.models.campaigns import Annotator, Campaign, CampaignExcerpt, Decision
from annotate.models.consensus import Consensus, ConsensusDraft, ConsensusExcerpt
from annotate.models.songs import Excerpt, Song, Stem
from annotate.models.work import Annotation, Assignment, EventBatch, HeadphoneAttempt, Slot

__all__ = [
    "Act",
    "Annotation",
    "Annotator",
    "Assignment",
    "Campaign",
    "CampaignExcerpt",
    "Consensus",
    "ConsensusDraft",
    "ConsensusExcerpt",
    "Decision",
    "EventBatch",
    "Excerpt",
    "HeadphoneAttempt",
    "Slot",
    "Song",
    "Stem",
]
