"""A language model as a system: given the loudness table as text, and the mix where it listens."""

import numpy as np

from modeling.advice.compose import spoken
from modeling.advice.facts import under_mix
from modeling.advice.structure import Advice, Answer
from modeling.endpoint.request import Audio, EndpointError, Request
from modeling.systems.agent_talk import (
    SCHEMA,
    SYSTEM_TEXT,
    AgentAnswerError,
    question,
    read_answer,
    repair,
    wav,
)
from modeling.systems.hearing import Heard
from modeling.systems.interface import Card, Options, SystemFailedError


class LanguageModelAgent(Card):
    """Its structured answer counts; the one writer words it, its own words are kept beside."""

    def advise(self, heard: Heard, options: Options) -> Advice:
        answer, words, model = self._asked(heard, options)
        table = heard.the_table()
        facts = under_mix(table.stems_lufs, table.mix_lufs)
        speaker = self.speaker(options, facts, checkpoint=model)
        return spoken(answer, heard.mask, speaker, original_prose=words)

    def _asked(self, heard: Heard, options: Options) -> tuple[Answer, str, str]:
        endpoint = options.endpoint
        if endpoint is None:
            raise SystemFailedError(
                f"{self.name} needs an endpoint; set OPENAI_API_KEY or OPENAI_BASE_URL, and a model"
            )
        request = Request(
            SYSTEM_TEXT,
            (("user", question(heard)),),
            audio=_audio(heard) if endpoint.connection.takes_audio else None,
            schema=SCHEMA,
            seed=options.seed,
        )
        try:
            first = endpoint.ask(request)
            try:
                answer, words = read_answer(first, heard.active)
            except AgentAnswerError as error:
                second = endpoint.ask(request.then(first.text, repair(str(error))))
                answer, words = read_answer(second, heard.active)
        except EndpointError as error:
            raise SystemFailedError(f"{self.name}: {error}") from error
        except AgentAnswerError as error:
            raise SystemFailedError(
                f"{self.name}: {endpoint.connection.model} was refused twice: {error}"
            ) from error
        return answer, words, endpoint.connection.model


def _audio(heard: Heard) -> Audio | None:
    audio = heard.the_mix().audio
    return None if audio is None else wav(np.asarray(audio))


SYSTEM = LanguageModelAgent(
    "llm_agent", "Language model", frozenset({"mix", "loudness_table"}), version="1"
)
