"""Systems, what they advised on which stems, visitors' uploads, and human experts at work."""

from studies.models.experts import Expert, ExpertTask
from studies.models.systems import Advice, System
from studies.models.uploads import Upload

__all__ = ["Advice", "Expert", "ExpertTask", "System", "Upload"]
