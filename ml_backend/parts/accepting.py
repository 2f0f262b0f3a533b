"""Accepting predictions by a threshold, and taking that back."""

from __future__ import annotations

from functools import cached_property
from typing import TypeVar

from ml_backend.labelstudio import CallerLabelStudio, LabelStudioClient, ServerLabelStudio
from ml_backend.parts.predictions import PredictionParts
from ml_backend.services.accepting.accepting import Accepting
from ml_backend.services.accepting.book import AcceptanceBook
from ml_backend.services.accepting.reading_back import ReadingBack
from ml_backend.services.accepting.standing_promises import StandingPromises
from ml_backend.services.accepting.take_back import TakeBack
from ml_backend.services.accepting.thresholds import Thresholds
from ml_backend.services.checking.batches import Batches
from ml_backend.services.checking.doubtful import DoubtfulTasks
from ml_backend.services.checking.follow_checks import FollowChecks
from ml_backend.services.predictions.bulk_actions import Predictions
from ml_backend.services.promises.population import Populations
from ml_backend.services.promises.validity import Validity
from ml_backend.services.writing.writer import Writer

Acting = TypeVar("Acting", bound=LabelStudioClient)


class AcceptingParts(PredictionParts):
    """What accepts predictions, answers from which score on, and undoes it."""

    @cached_property
    def standing_promises(self) -> StandingPromises:
        """What finds the promise that a version's predictions may be accepted by."""
        return StandingPromises(self.store, Validity(self.store))

    @cached_property
    def accepting(self) -> Accepting[ServerLabelStudio]:
        """Accepts by the server's own token: the command line's, and what the server does."""
        return self._accepting(self.studio, self.predictions)

    def accepting_through(self, studio: CallerLabelStudio) -> Accepting[CallerLabelStudio]:
        """Return what accepts with a caller's rights and in their name."""
        return self._accepting(studio, self.predictions_through(studio))

    def _accepting(self, studio: Acting, predictions: Predictions[Acting]) -> Accepting[Acting]:
        ownership = self.ownership.reading(studio)
        return Accepting(self.store, studio, predictions, ownership, self.standing_promises)

    @cached_property
    def reading_back(self) -> ReadingBack:
        """What reads back the acceptances of processes that died."""
        return ReadingBack(
            self.store,
            self.studio,
            AcceptanceBook(self.store, self.predictions),
            lambda: self.writer.holder() is not None,
            shutdown=self.shutdown,
        )

    @cached_property
    def take_back(self) -> TakeBack[ServerLabelStudio]:
        """Takes acceptances back by the server's own token: the command line's."""
        book = AcceptanceBook(self.store, self.predictions)
        return TakeBack(self.store, self.studio, self.writer, book)

    def take_back_through(self, studio: CallerLabelStudio) -> TakeBack[CallerLabelStudio]:
        """Return what takes acceptances back with a caller's rights."""
        book = AcceptanceBook(self.store, self.predictions_through(studio))
        writer = Writer(self.store, studio, settle_seconds=self._settle_seconds)
        return TakeBack(self.store, studio, writer, book)

    @cached_property
    def thresholds(self) -> Thresholds:
        """What answers from which score on predictions may be accepted."""
        return Thresholds(
            self.store,
            self.ownership,
            self.evaluation,
            self.standing_promises,
            self.predictor_factory.config_of,
        )

    @cached_property
    def follow_checks(self) -> FollowChecks:
        """What accepts what follows predict, where a person asked for that, and has it checked."""
        batches = Batches(
            self.store, Populations(self.store, self.ownership), self.predictor_factory
        )
        return FollowChecks(
            self.store,
            self.studio,
            self.writer,
            self.prompts,
            self.ownership,
            self.predictor_factory,
            self.standing_promises,
            self.promise_samples,
            self.accepting,
            batches,
            self.marks_changed,
            shutdown=self.shutdown,
        )

    @cached_property
    def doubtful_tasks(self) -> DoubtfulTasks[ServerLabelStudio]:
        """Takes back what a follow accepted since its last good check."""
        return DoubtfulTasks(self.store, self.take_back)
