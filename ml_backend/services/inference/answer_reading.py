"""What a model's text comes to: regions, how sure it is of them, or why it cannot be used."""

from __future__ import annotations

from dataclasses import dataclass

from ml_backend.errors import AnswerError
from ml_backend.labeling import Conversion, LabelingConfig
from ml_backend.labeling.rating import take_rating
from ml_backend.labeling.schema_bounds import reached
from ml_backend.llm import Reply
from ml_backend.llm.reading.answer_object import read_object
from ml_backend.records import (
    CallRecord,
    Confidence,
    ConfidenceSource,
    Failure,
    FailureKind,
    JsonObject,
    Prediction,
)
from ml_backend.services.inference.answer_confidence import as_told, by_rating, by_tokens
from ml_backend.services.inference.model_requests import ModelRequest


@dataclass(frozen=True, slots=True)
class Read:
    """A text that was read: what it says, how it rates that, and the regions of it."""

    said: JsonObject
    """As it stands there, with the rating."""
    rating: float | None
    made: Conversion


class AnswerReader:
    """Reads the answers to one project's tasks."""

    def __init__(self, config: LabelingConfig, *, is_bounded: bool) -> None:
        self._config = config
        self._is_bounded = is_bounded

    def read(
        self, request: ModelRequest, text: str, *, finished: bool = True
    ) -> Read | AnswerError:
        """Return what a text says, or what does not fit; one that is kept had ``finished``."""
        controls = self._config.controls
        try:
            said = read_object(text, controls, finished=finished)
            answer, rating = said, None
            if request.rating:
                answer, rating = take_rating(said, request.rating, controls)
            return Read(said, rating, self._convert(request, answer))
        except AnswerError as error:
            return error

    def _convert(self, request: ModelRequest, answer: JsonObject) -> Conversion:
        """Return the regions of an answer; raises AnswerError saying what does not fit."""
        if self._is_bounded and request.schema is not None:
            why = reached(self._config, request.schema, answer, request.task.data)
            if why:
                raise AnswerError(why)
        conversion = self._config.to_conversion(answer, request.task.data)
        if conversion.errors:
            raise AnswerError("; ".join(conversion.errors))
        refused = self._config.check(conversion.result)
        if refused:
            raise AnswerError(f"Label Studio would not take this answer: {'; '.join(refused)}")
        return conversion

    def sure_of(self, reply: Reply, read: Read) -> Confidence | None:
        """Return how sure a model is of what it just said, None where nothing tells."""
        if read.rating is not None:
            return by_rating(read.rating, read.made, self._config)
        if reply.tokens:
            return by_tokens(reply.tokens, reply.text, read.said, read.made, self._config)
        return as_told(ConfidenceSource.BASELINE, reply.score, self._config, reply.shares)

    def sure_then(
        self, kept: Confidence | None, score: float | None, read: Read
    ) -> Confidence | None:
        """Return how sure a model was of an answer that was kept, with its ``score`` of then."""
        if kept is not None:
            return kept
        if read.rating is not None:
            return by_rating(read.rating, read.made, self._config)
        # Before there was more than one number, log-probabilities made it.
        return as_told(ConfidenceSource.LOGPROBS, score, self._config)


def prediction(
    request: ModelRequest, made: Conversion, text: str, sure: Confidence | None, asked: CallRecord
) -> Prediction:
    """Return an answer as the outcome of its task."""
    return Prediction(
        task_id=request.task.id,
        answer=made.answer,
        result=made.result,
        score=None if sure is None else sure.task,
        problems=made.problems,
        asked=asked,
        raw=text,
        confidence=sure,
    )


def invalid(request: ModelRequest, error: AnswerError, text: str, asked: CallRecord) -> Failure:
    """Return what cannot be used as the outcome of its task."""
    return Failure(request.task.id, FailureKind.INVALID_ANSWER, error.message, text, asked)
