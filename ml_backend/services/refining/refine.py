"""A better prompt from a teacher model that sees the prompt, the labeling config and its mistakes.

What it proposes is checked like a text that a person writes, and becomes a version only when
somebody makes one of it. Of the tasks that are held out a teacher never sees anything.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from ml_backend.errors import AnswerError, InvalidInput, NotFound, TemplateError
from ml_backend.jobs import LoopThread
from ml_backend.labeling import LabelingConfig
from ml_backend.labeling.text.html_text import to_text
from ml_backend.labelstudio import LabelStudioReader, Project, ServerLabelStudio
from ml_backend.llm import Request
from ml_backend.records import (
    AuditAction,
    Connection,
    JobKind,
    JsonObject,
    Person,
    Prompt,
    PromptVersion,
    ProviderName,
    RunStatus,
    TruthSource,
    Usage,
)
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.evaluation.ground_truth import answer_digest, truth_of
from ml_backend.services.evaluation.holdout import split_of
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.models.budgets import BudgetGuard, cost_of, price_of
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.prompts.prompts import require_text
from ml_backend.services.refining.estimate import RefineEstimate, outlook_of
from ml_backend.services.refining.mistakes import Mistakes, lessons_of
from ml_backend.services.refining.teacher import (
    LONGEST_GOAL,
    SCHEMA,
    messages_for,
    read_answer,
    says_nothing,
    unified_diff,
)
from ml_backend.store import Decision, Store

TURNS = 2
"""An answer that cannot be used is sent back once."""
TEACHER_TIMEOUT = 120.0
CAP: JsonObject = {"max_completion_tokens": 16_384}
"""Under a budget, so that the worst case of a call is known."""


@dataclass(frozen=True, slots=True)
class Refinement:
    """What a teacher proposes; ``cost`` None means its price is unknown."""

    prompt: str
    reasoning: str
    diff: str
    drafted: bool
    """Whether there was nothing to improve, so that it was written from the labeling config."""
    examples: int
    task_ids: tuple[int, ...]
    """The tasks the teacher was shown."""
    held_out: int
    truth: TruthSource
    """Which annotations it took for right."""
    saw_tasks: bool
    """Whether it, or a teacher before it, was shown tasks: then it is scored on those held out."""
    usage: Usage
    cost: float | None

    def document(self) -> JsonObject:
        return {
            "prompt": self.prompt,
            "reasoning": self.reasoning,
            "diff": self.diff,
            "drafted": self.drafted,
            "examples": self.examples,
            "held_out": self.held_out,
            "truth": self.truth.value,
            "saw_tasks": self.saw_tasks,
            "cost": self.cost,
            "prompt_tokens": self.usage.prompt_tokens,
            "completion_tokens": self.usage.completion_tokens,
        }


@dataclass(frozen=True, slots=True)
class RefineRequest:
    """What a teacher is asked to improve, and who it is."""

    project: Project
    prompt: Prompt
    version: PromptVersion | None
    """None drafts the first text."""
    connection: Connection
    teacher: str
    """The model's name."""
    goal: str = ""
    """What the person who asks wants to be better."""
    person: Person | None = None
    """Who asks; None by command."""

    @property
    def old(self) -> str:
        return self.version.text if self.version else ""


class Refining:
    """Asks teachers."""

    def __init__(
        self,
        store: Store,
        predictor_factory: PredictorFactory,
        models: ModelPool,
        evaluation: Evaluation,
        loop: LoopThread,
    ) -> None:
        self._store = store
        self._evaluation = evaluation
        self._predictor_factory = predictor_factory
        self._models = models
        self._loop = loop
        self._identity = ProjectIdentity(store)

    def check(self, connection: Connection) -> None:
        """Raise InvalidInput for a connection that cannot write."""
        if connection.provider is ProviderName.BASELINE:
            raise InvalidInput(
                "The offline baseline writes no prompts.",
                field="teacher_model_provider_connection_id",
                fix="Name a connection to a language model.",
            )

    def teacher_at(self, connection_id: int | None) -> Connection:
        """Return a teacher's connection, the environment's for None."""
        if connection_id is None:
            return self._models.default
        connection = self._store.connections.find(connection_id)
        if connection is None:
            raise NotFound("The teacher's connection was removed.", field="connection")
        return connection

    def check_goal(self, goal: str) -> str:
        """Return what a person wants to be better; raises InvalidInput for too many words."""
        if len(goal) > LONGEST_GOAL:
            raise InvalidInput(
                f"The goal has {len(goal):,} characters; {LONGEST_GOAL:,} is the most.",
                field="goal",
                fix="Say it shorter, or write it into the prompt.",
            )
        return require_text(goal, "goal").strip()

    def outlook(self, studio: LabelStudioReader, asked: RefineRequest) -> RefineEstimate:
        """Return what a teacher would be shown and what that would cost, asking nothing."""
        asked = self._counted(studio, asked)
        lessons, messages, _ = self._lesson(studio, asked)
        price = price_of(asked.connection, asked.teacher) if asked.teacher else None
        return outlook_of(lessons, truth_of(asked.project), messages, asked.old, price)

    def refine(self, studio: ServerLabelStudio, asked: RefineRequest) -> Refinement:
        """Return a teacher's proposal; raises AnswerError when none of its answers can be used.

        Without a version, or with one that says nothing yet, the prompt is drafted from the
        labeling config, the project's instructions and tasks with their right answers.
        """
        self._identity.check(asked.prompt.id, asked.project)
        asked = self._counted(studio, asked)
        connection, teacher = asked.connection, asked.teacher
        version, old = asked.version, asked.old
        self.check(connection)
        lessons, messages, known = self._lesson(studio, asked)
        with self._store.audit.doing(
            AuditAction.PROMPT_REFINED,
            kind="prompt",
            object_id=asked.prompt.id,
            title=asked.prompt.title,
            project_id=asked.project.id,
            organization=asked.prompt.organization,
        ) as doing:
            proposed, reasoning, usage = self._loop.run(self._ask(asked, messages, known))
            doing.cost = cost_of(price_of(connection, teacher), usage)
        return Refinement(
            prompt=proposed,
            reasoning=reasoning,
            diff=unified_diff(old, proposed, version.title if version else ""),
            drafted=says_nothing(old),
            examples=len(lessons),
            task_ids=lessons.task_ids,
            held_out=lessons.held_out,
            truth=truth_of(asked.project),
            saw_tasks=bool(lessons) or bool(version and version.refined_from is not None),
            usage=usage,
            cost=doing.cost,
        )

    def _counted(self, studio: LabelStudioReader, asked: RefineRequest) -> RefineRequest:
        return replace(asked, project=self._evaluation.reading(studio).counted(asked.project))

    def _lesson(
        self, studio: LabelStudioReader, asked: RefineRequest
    ) -> tuple[Mistakes, list[JsonObject], Collection[str]]:
        """Return what a teacher is shown, as messages too, and the variables it may name."""
        project = asked.project
        config = self._predictor_factory.config_of(project)
        known = self._predictor_factory.known_variables(project, config)
        lessons = self._lessons(studio, project, asked.prompt, asked.version, config)
        words = to_text(project.instruction)
        system = asked.version.system_prompt if asked.version else ""
        found = messages_for(asked.old, config, known, lessons, words, asked.goal, system)
        return lessons, found, known

    def keep(
        self,
        project: Project,
        prompt: Prompt,
        version: PromptVersion | None,
        teacher: str,
        done: Refinement,
    ) -> None:
        """Remember a proposal that was not asked for as a job, so that its text is known again."""
        job, fence = self._store.jobs.create(
            JobKind.REFINE,
            {"teacher": teacher},
            created_by=None,
            seconds=60.0,
            prompt_id=prompt.id,
            version_id=version.id if version else None,
            project_id=project.id,
        )
        self._store.jobs.finish(
            job.id, fence, RunStatus.COMPLETED, message="", result=done.document()
        )

    def accept(
        self, prompt: Prompt, version: PromptVersion, done: Refinement, title: str
    ) -> PromptVersion:
        """Make a proposal a version, answered as the version it was made from."""
        return self._store.prompts.create_version(
            prompt.id,
            title=title,
            text=done.prompt,
            provider=version.provider.value,
            model=version.model,
            connection_id=version.connection_id,
            max_few_shot_examples=version.max_few_shot_examples,
            parameters=version.parameters,
            system_prompt=version.system_prompt,
            confidence=version.confidence.value,
            refined_from=version.id if done.saw_tasks else None,
        )

    async def _ask(
        self,
        asked: RefineRequest,
        messages: list[JsonObject],
        known: Collection[str],
    ) -> tuple[str, str, Usage]:
        """Return prompt, reasoning and what it took."""
        connection, teacher, old = asked.connection, asked.teacher, asked.old
        price, purse = price_of(connection, teacher), self._models.purse(connection)
        purse.flush()
        calls = self._models.paid_calls.of(asked.person, connection, price)
        guard = BudgetGuard.require(
            purse, price, parameters=CAP, prompt=("teacher", teacher), calls=calls
        )
        model = self._models.open(connection)
        usage, said = Usage(), ""
        for _ in range(TURNS):
            request = Request(
                model=teacher,
                messages=messages,
                schema=SCHEMA,
                parameters=CAP if guard.is_limited else {},
                timeout=max(self._models.timeout, TEACHER_TIMEOUT),
            )
            reserved = await guard.reserve(messages, SCHEMA)
            cost, used = None, Usage()
            try:
                reply = await model.complete(request)
                used = guard.counted(reply.usage, messages, SCHEMA)
                cost = cost_of(price, used)
            finally:
                guard.settle(reserved, cost, used)
                guard.flush(at_once=True)
            usage += used
            try:
                return *read_answer(reply.text, old, known), usage
            except (AnswerError, TemplateError) as error:
                said = str(error)
            messages = [
                *messages,
                {"role": "assistant", "content": reply.text[:8000] or "(no answer)"},
                {"role": "user", "content": f"That cannot be used: {said} Answer again."},
            ]
        raise AnswerError(
            f"The teacher model gave no usable prompt in {TURNS} answers. The last: {said}",
            fix="Try another teacher model.",
        )

    def _lessons(
        self,
        studio: LabelStudioReader,
        project: Project,
        prompt: Prompt,
        version: PromptVersion | None,
        config: LabelingConfig,
    ) -> Mistakes:
        """Return what the teacher may see of what is true, by the version's last answers."""
        reader = self._evaluation.reading(studio)
        truths = reader.truths(project.id, config, source=truth_of(project))
        split = split_of(self._store, project.id, prompt.id, truths)
        seen = [task_id for task_id in truths if not split.holds_out(task_id)]
        outcomes = {}
        if version is not None and seen:
            runs = self._store.runs.search(
                version_id=version.id, project_id=project.id, alone=True, limit=1000
            )
            ended = [
                run.id
                for run in runs
                if run.status is RunStatus.COMPLETED
                and not self._identity.is_of_another(run, project)
            ]
            outcomes = self._store.outcomes.newest(ended, seen)
        decided = self._store.checked_labels.of_prompt(project.id, prompt.id)
        # What people doubt themselves is nothing to learn from, as long as it is what they doubted.
        doubted = {
            each.task_id: each.label_digest
            for each in decided
            if each.decision is not Decision.PROMPT
        }
        truths = {
            task_id: truth
            for task_id, truth in truths.items()
            if doubted.get(task_id) not in {answer_digest(each) for each in truth.answers}
        }
        chosen = [each.task_id for each in decided if each.decision is Decision.PROMPT]
        return lessons_of(truths, outcomes, split, config, chosen)
