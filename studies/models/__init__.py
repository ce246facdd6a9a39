"""Systems, what they advised on which stems, visitors' uploads, human experts at work; studies, who
answers in them, and what was answered."""

from studies.models.experts import Expert, ExpertTask
from studies.models.judges import JudgeCall
from studies.models.raters import (
    PersonalData,
    PlatformPerson,
    Rater,
    RaterStep,
    Review,
    TrialList,
)
from studies.models.reports import Export, Report
from studies.models.studies import (
    AuditLine,
    ExclusionRules,
    Item,
    Stimulus,
    Study,
    StudyMember,
    StudyVersion,
)
from studies.models.systems import Advice, System
from studies.models.trials import Answer, Judgement, Trial, TrialEvents
from studies.models.uploads import Upload

__all__ = [
    "Advice",
    "Answer",
    "AuditLine",
    "ExclusionRules",
    "Expert",
    "ExpertTask",
    "Export",
    "Item",
    "JudgeCall",
    "Judgement",
    "PersonalData",
    "PlatformPerson",
    "Rater",
    "RaterStep",
    "Report",
    "Review",
    "Stimulus",
    "Study",
    "StudyMember",
    "StudyVersion",
    "System",
    "Trial",
    "TrialEvents",
    "TrialList",
    "Upload",
]
