"""What reads and changes predictions and connections in Label Studio."""

from __future__ import annotations

from functools import cached_property

from ml_backend.data_folder import open_to_others
from ml_backend.images.hosts import Reach
from ml_backend.labelstudio import (
    CallerLabelStudio,
    LabelStudioClient,
    LabelStudioReader,
    ServerLabelStudio,
)
from ml_backend.parts.prompts import PromptParts
from ml_backend.services.connecting.connect import Connecting
from ml_backend.services.connecting.disconnect import Disconnecting
from ml_backend.services.connecting.project_secrets import ProjectSecrets
from ml_backend.services.health.doctor import Doctor
from ml_backend.services.health.own_names import say_names
from ml_backend.services.marking.aftermath import Aftermath
from ml_backend.services.marking.listing import GroundTruthList
from ml_backend.services.marking.mark_right import RightAnswers
from ml_backend.services.marking.marks import GroundTruthMarks
from ml_backend.services.predictions.bulk_actions import Predictions
from ml_backend.services.predictions.counts import ModelVersionCounts
from ml_backend.services.predictions.deduplicate import Sweep
from ml_backend.services.predictions.delete_prompt import DeletePrompts
from ml_backend.services.predictions.provenance import Provenances
from ml_backend.services.promises.promise_samples import PromiseSamples
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.reviewing.review_batch import ReviewBatches
from ml_backend.services.reviewing.review_first import ReviewFirst
from ml_backend.services.writing.writer import Writer
from ml_backend.settings import is_loopback


class PredictionParts(PromptParts):
    """Writer, ownership, bulk actions, connecting and the doctor."""

    @cached_property
    def ownership(self) -> Ownership:
        """What knows which predictions are ours."""
        return Ownership(self.store, self.studio)

    @cached_property
    def writer(self) -> Writer[ServerLabelStudio]:
        return Writer(self.store, self.studio, settle_seconds=self._settle_seconds)

    @cached_property
    def predictions(self) -> Predictions[ServerLabelStudio]:
        return Predictions(self.store, self.studio, self.writer, self.ownership)

    def predictions_through(self, studio: CallerLabelStudio) -> Predictions[CallerLabelStudio]:
        """Return bulk actions with a caller's rights."""
        writer = Writer(self.store, studio, settle_seconds=self._settle_seconds)
        return Predictions(self.store, studio, writer, self.ownership.reading(studio))

    @cached_property
    def marks(self) -> GroundTruthMarks[ServerLabelStudio]:
        """Marks ground truth by the server's own token: the command line's, which is its user's."""
        return GroundTruthMarks(self.store, self.studio, self.predictor_factory, self.marks_changed)

    def marks_through(self, studio: CallerLabelStudio) -> GroundTruthMarks[CallerLabelStudio]:
        """Return what marks ground truth with a caller's rights."""
        return GroundTruthMarks(self.store, studio, self.predictor_factory, self.marks_changed)

    def right_answers_through(self, studio: CallerLabelStudio) -> RightAnswers[CallerLabelStudio]:
        """Return what makes answers that a caller calls right the ground truth of their tasks."""
        return RightAnswers(self.store, studio, self.predictor_factory, self.marks_changed)

    @cached_property
    def marks_changed(self) -> Aftermath:
        return Aftermath(self.store, self.examples, self.predictor_factory, self.evaluation)

    def annotated_through(self, studio: LabelStudioReader) -> GroundTruthList:
        """Return what lists annotated tasks, by whoever's rights."""
        return GroundTruthList(self.store, studio, self.predictor_factory)

    @cached_property
    def review_first(self) -> ReviewFirst:
        """What sends people first to the tasks that a version is least sure of."""
        batches = ReviewBatches(self.store, self.predictor_factory)
        return ReviewFirst(self.store, self.studio, self.prompts, batches)

    @cached_property
    def promise_samples(self) -> PromiseSamples:
        """What draws, opens and withdraws promise samples."""
        return PromiseSamples(
            self.store,
            self.studio,
            self.writer,
            self.ownership,
            self.predictor_factory,
            self.marks_changed,
            shutdown=self.shutdown,
        )

    @cached_property
    def sweep(self) -> Sweep:
        """What keeps one prediction per task of those ``/predict`` handed out."""
        return Sweep(
            self.store, self.studio, self.writer, self.predictions, self.ownership, self.shutdown
        )

    @cached_property
    def deletions(self) -> DeletePrompts:
        return DeletePrompts(self.store, self.studio, self.predictions, self.ownership)

    @cached_property
    def holdings(self) -> ModelVersionCounts:
        return ModelVersionCounts(self.store, self.access, self.ownership)

    @cached_property
    def provenances(self) -> Provenances:
        return Provenances(self.store, self.ownership)

    @cached_property
    def connecting(self) -> Connecting:
        return self.connecting_through(self.studio)

    def connecting_through(self, studio: LabelStudioClient) -> Connecting:
        """Return what connects projects with the rights of the client's token, whosever it is."""
        settings = self.settings
        user, password = settings.basic_auth_user, settings.basic_auth_pass
        pair = (user, password) if user and password else None
        return Connecting(
            self.store,
            studio,
            self.prompts,
            self.project_secrets,
            own=settings.own_address(),
            operator=pair,
        )

    @cached_property
    def project_secrets(self) -> ProjectSecrets:
        """What makes the secrets of projects, and knows them again."""
        return ProjectSecrets(self.store)

    @cached_property
    def disconnecting(self) -> Disconnecting:
        return self.disconnecting_through(self.studio)

    def disconnecting_through(self, studio: LabelStudioClient) -> Disconnecting:
        """Return what disconnects projects with the rights of the client's token."""
        ownership = self.ownership.reading(studio)
        return Disconnecting(self.store, studio, ownership, own=self.settings.own_address())

    @cached_property
    def doctor(self) -> Doctor:
        """The doctor opens the parts itself: what does not open is what it reports."""
        is_open = not is_loopback(self.settings.host)
        return Doctor(
            open_store=lambda: self.store,
            open_studio=lambda: self.studio,
            open_models=lambda: self.models,
            open_ownership=lambda: self.ownership,
            loop=self.loop,
            address=self.settings.own_address(),
            called=say_names(self.settings.allowed_hosts, is_open=is_open),
            reach=Reach(self.settings.image_hosts),
            find_open=lambda: open_to_others(self.settings.data_dir),
            private_endpoints=self.settings.private_endpoints,
        )
