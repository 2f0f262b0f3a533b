"""Which versions answer a run together, from which confidence on a cheap one is sure, and as what.

A run that several versions answer is led by the first named: it is that version's run, and what it
writes is that version's to delete. Its predictions have a name of their own, for they are no
answers of that version alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.labelstudio import Project
from ml_backend.next_steps import Step
from ml_backend.records import (
    Cascade,
    ConfidenceWay,
    Member,
    Prompt,
    PromptVersion,
    ProviderName,
    Run,
    RunSnapshot,
    RunStatus,
    Vote,
)
from ml_backend.records.run_json import snapshot_of
from ml_backend.scoring.acceptance import choose_threshold
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.runs.run_request import RunRequest, Together
from ml_backend.store import Store

MOST_MEMBERS = 9
LONGEST_TITLE = 150
"""Characters of what predictions of several versions are called; of more their numbers are told."""
CERTAINTY = 0.95
NO_PROMISE = (
    "An estimate and no promise: the threshold was chosen by ordinary ground truth, and not tested "
    "on tasks drawn for that alone."
)


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure a version was of answers it gave before, and how right."""

    run_id: int
    scores: tuple[float | None, ...]
    """Of its tasks with a truth, of all where it was not measured; None of what failed."""
    right: tuple[bool, ...]
    """() where it was not measured."""

    @property
    def is_known(self) -> bool:
        return any(score is not None for score in self.scores)

    def goes_on(self, min_score: float) -> float:
        """Return the share of these that a cascade would ask of its dear version."""
        sure = sum(score is not None and score >= min_score for score in self.scores)
        return 1.0 - sure / len(self.scores)


class SecondOpinions:
    """Finds the versions of runs that several answer, and what a cascade goes by."""

    def __init__(self, store: Store, predictor_factory: PredictorFactory) -> None:
        self._store = store
        self._predictor_factory = predictor_factory
        self._identity = ProjectIdentity(store)

    def members(
        self, prompt: Prompt, version: PromptVersion, request: RunRequest
    ) -> list[PromptVersion]:
        """Return the versions that answer, the leading one first; raises what keeps them from it.

        ``version`` is the one the run is started of, which need not be saved yet.
        """
        together = request.together
        if together is None:
            return [version]
        _check(together, request, version)
        return [version, *(self._other(prompt, each) for each in together.version_ids[1:])]

    def _other(self, prompt: Prompt, version_id: int) -> PromptVersion:
        versions = {each.id: each for each in self._store.prompts.versions(prompt.id)}
        found = versions.get(version_id)
        if found is None:  # the same whether another prompt has it or none
            raise NotFound(
                f"Prompt {prompt.title!r} has no version {version_id}.",
                field="version",
                fix="Versions that answer together are of one prompt; each may use another model.",
            )
        return found

    def settle(
        self, versions: Sequence[PromptVersion], project: Project, request: RunRequest
    ) -> Vote | Cascade | None:
        """Return how these versions answer together, None for one alone.

        Raises InvalidInput where a cascade's cheap version tells nothing of how sure it is, or no
        threshold keeps its errors as low as is asked.
        """
        together = request.together
        if together is None:
            return None
        members = tuple(map(self._member, versions))
        if not together.is_cascade:
            return Vote(members)
        cheap, dear = members
        seen = self.sureness(versions[0], project, request.samples)
        self._require_confidence(versions[0], request, seen)
        if together.max_error is None:
            min_score = together.min_score or 0.0
            if seen is None:
                return Cascade((cheap, dear), min_score)
            goes_on = seen.goes_on(min_score)
            return Cascade((cheap, dear), min_score, goes_on=goes_on, seen=len(seen.scores))
        certainty = CERTAINTY if together.certainty is None else together.certainty
        tested = self._tested(versions[0], project, together.max_error, certainty)
        if tested is not None:
            return tested((cheap, dear))
        return self._by_error((cheap, dear), together.max_error, certainty, seen)

    def _tested(
        self, version: PromptVersion, project: Project, max_error: float, certainty: float
    ) -> Callable[[tuple[Member, Member]], Cascade] | None:
        """Return how a cascade goes by a promise sample of its cheap version, None without one."""
        for sample in self._store.promises.of_project(project.id, version_id=version.id):
            look = sample.held
            if look is None or look.threshold is None:
                continue
            asked = (look.max_error, look.certainty) == (max_error, certainty)
            if asked and snapshot_of(sample.snapshot).asks_as(version):
                return partial(
                    Cascade,
                    min_score=look.threshold,
                    max_error=max_error,
                    certainty=certainty,
                    judged=look.n,
                    why=_tested_by(sample.id),
                    goes_on=1.0 - look.accepted,
                    seen=look.n,
                )
        return None

    def _member(self, version: PromptVersion) -> Member:
        way = self._predictor_factory.way_of(version)
        return Member(version.id, RunSnapshot.of(version, asked=way))

    def sureness(self, version: PromptVersion, project: Project, samples: int) -> Sureness | None:
        """Return how sure a version was, and how right, in its last run that tells.

        One that was measured comes before one that only answered.
        """
        found: Sureness | None = None
        for run in self._store.runs.search(
            version_id=version.id, project_id=project.id, alone=True
        ):
            if not self._tells(run, version, project, samples):
                continue
            rows = self._store.results.scores(run.id)
            judged = [(score, right) for score, right in rows if right is not None]
            if judged and any(score is not None for score, _ in judged):
                scores, right = zip(*judged, strict=True)
                return Sureness(run.id, scores, right)
            if rows and found is None:
                found = Sureness(run.id, tuple(score for score, _ in rows), ())
        return found

    def _tells(self, run: Run, version: PromptVersion, project: Project, samples: int) -> bool:
        return (
            run.status is RunStatus.COMPLETED
            and not run.stale
            and run.options.samples == samples
            and run.snapshot.asks_as(version)
            and not self._identity.is_of_another(run, project)
        )

    @staticmethod
    def _require_confidence(
        version: PromptVersion, request: RunRequest, seen: Sureness | None
    ) -> None:
        if version.provider is ProviderName.BASELINE or request.samples > 1:
            return
        title = repr(version.title)
        if seen is not None and not seen.is_known:
            raise InvalidInput(
                f"{title} does not tell how sure it is, so none of its answers could stand: "
                f"run {seen.run_id} has no score.",
                field="cascade",
                fix=Step.GET_CONFIDENCE(),
            )
        if seen is None and version.confidence is ConfidenceWay.NONE:
            raise InvalidInput(
                f"{title} is not asked how sure it is, so none of its answers could stand.",
                field="cascade",
                fix=Step.GET_CONFIDENCE(),
            )

    @staticmethod
    def _by_error(
        members: tuple[Member, Member],
        max_error: float,
        certainty: float,
        seen: Sureness | None,
    ) -> Cascade:
        title = members[0].snapshot.version_title
        if seen is None or not seen.right:
            raise InvalidInput(
                f"How right {title!r} is where it is sure is not known: it was not measured as it "
                "is now.",
                field="max_error",
                fix=Step.EVALUATE_VERSION(),
            )
        found = choose_threshold(seen.scores, seen.right, max_error=max_error, certainty=certainty)
        if found.threshold is None:
            raise InvalidInput(
                f"No threshold of {title!r} keeps its errors to {max_error:.1%}, {certainty:.0%} "
                f"certain, on the {len(seen.right)} tasks it was measured on: {found.why}",
                field="max_error",
                fix=Step.ALLOW_MORE_OR_MARK_MORE(),
            )
        return Cascade(
            members,
            found.threshold,
            max_error=max_error,
            certainty=certainty,
            judged=len(seen.right),
            why=NO_PROMISE,
            goes_on=seen.goes_on(found.threshold),
            seen=len(seen.scores),
        )


def called_together(
    versions: Sequence[PromptVersion], together: Vote | Cascade | None
) -> PromptVersion:
    """Return the leading version under the name that predictions of all of them have.

    Where a teacher made one of them, it saw what all of them are measured on.
    """
    lead = versions[0]
    if together is None:
        return lead
    taught = (each.refined_from for each in versions if each.refined_from is not None)
    title = title_of("cascade" if isinstance(together, Cascade) else "vote", versions)
    return replace(lead, title=title, refined_from=next(taught, None))


def title_of(way: str, versions: Iterable[PromptVersion]) -> str:
    """Return what predictions of several versions are called, without their prompt's title."""
    known = list(versions)
    title = f"{way} {' + '.join(each.title for each in known)}"
    if len(title) <= LONGEST_TITLE:
        return title
    return f"{way} {' + '.join(f'#{each.id}' for each in known)}"


def asked_versions(store: Store, run: Run) -> list[PromptVersion]:
    """Return the versions that answer a run as they were when it began, the leading one first.

    Raises NotFound for one that was deleted meanwhile.
    """
    if not run.options.members:
        return [run.snapshot.as_asked(store.prompts.get_version(run.version_id))]
    return [
        each.snapshot.as_asked(store.prompts.get_version(each.version_id))
        for each in run.options.members
    ]


def opinions_said(store: Store, run: Run) -> str:
    """Return which version answered how many of a run's tasks and at what cost, "" of one alone."""
    if not run.options.members:
        return ""
    parts = []
    for each in store.opinions.totals(run.id):
        cost = "cost unknown" if each.cost is None else f"${each.cost:.4f}"
        stands = "agreed in" if run.options.vote else "stands in"
        parts.append(f"{each.title}: asked {each.asked:,}, {stands} {each.stands:,}, {cost}")
    return f"{'; '.join(parts)}." if parts else ""


def _tested_by(sample_id: int) -> str:
    return (
        f"The threshold is that of promise sample {sample_id}. What it promises is of the "
        "predictions it was drawn from; of this run, whose answers and tasks may be others, it is "
        "an estimate."
    )


def _check(together: Together, request: RunRequest, version: PromptVersion) -> None:
    """Raise InvalidInput where what is asked of several versions makes no sense."""
    field = "cascade" if together.is_cascade else "vote"
    ids = together.version_ids
    if len(set(ids)) < len(ids) or len(ids) < 2:
        raise InvalidInput(
            "A second opinion is of two versions or more, each once.",
            field=field,
            fix="Name other versions; the same one can be asked several answers a task instead.",
        )
    if len(ids) > MOST_MEMBERS or (together.is_cascade and len(ids) != 2):
        most = "two versions, the cheap one first" if together.is_cascade else "at most 9 versions"
        raise InvalidInput(f"A {field} takes {most}.", field=field)
    if ids[0] != version.id:
        raise InvalidInput(
            f"The run is of version {version.id}, and the first of the {field} is {ids[0]}.",
            field=field,
            fix="Start it of the version that is named first.",
        )
    if request.worker_job:
        raise InvalidInput(f"An outside worker answers no {field}.", field=field)
    if request.follow:
        raise InvalidInput(f"Following goes on with one version, not with a {field}.", field=field)
    if not together.is_cascade and request.samples > 1:
        raise InvalidInput("A vote asks each version once.", field="samples", fix=Step.ASK_ONCE())
    _check_threshold(together)


def _check_threshold(together: Together) -> None:
    given = [each for each in (together.min_score, together.max_error) if each is not None]
    if not together.is_cascade:
        if given or together.certainty is not None:
            raise InvalidInput("A threshold goes with a cascade.", field="vote")
        return
    if len(given) != 1:
        raise InvalidInput(
            "A cascade needs to know when the cheap version is sure: by the error allowed, or by "
            "its score, one of both.",
            field="max_error",
            fix=Step.GIVE_ERROR_OR_SCORE(),
        )
    if together.min_score is not None and not 0 <= together.min_score <= 1:
        raise InvalidInput("A score is from 0 to 1.", field="min_score")
    if together.max_error is not None and not 0 < together.max_error < 1:
        raise InvalidInput("The error allowed is above 0 and under 1.", field="max_error")
    if together.certainty is not None and (
        together.max_error is None or not 0.5 <= together.certainty < 1
    ):
        raise InvalidInput(
            "A certainty goes with the error allowed, from 0.5 to under 1.", field="certainty"
        )
