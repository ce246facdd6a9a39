"""The baseline of the research question: hears one stereo mix and nothing else."""

from modeling.advice.compose import from_evidence
from modeling.advice.facts import mix_facts
from modeling.advice.structure import Advice
from modeling.systems.hearing import Heard
from modeling.systems.interface import Card, Options
from modeling.systems.learned import advisor
from modeling.systems.reasons import unlike_training


class Baseline(Card):
    """A network that reads a single mix; its reasons are those that a mix can give."""

    def advise(self, heard: Heard, options: Options) -> Advice:
        import torch

        from modeling.models.advisors import hear_mix

        learned, mix = advisor(options.checkpoints, "baseline"), heard.the_mix()
        tensors = (torch.as_tensor(array)[None] for array in (mix.bands, mix.steps, heard.mask))
        heeded = learned.ensemble.evidence(hear_mix(*tensors), None)
        facts = [*unlike_training(float(heeded.trust[0])), *mix_facts(mix.bands)]
        speaker = self.speaker(options, facts, learned.fingerprint)
        return from_evidence(heeded.evidence[0], learned.threshold_for(heeded), speaker)


SYSTEM = Baseline("baseline", "Baseline (single mix)", frozenset({"mix"}))
