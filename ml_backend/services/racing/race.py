"""Which model: one prompt, several models and settings, on the ground truth, until one has won.

Nothing is written to Label Studio. What each came to on each task is kept, so that a race goes on
where a dead process left it; paid answers are in the cache, where runs find them as well.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ml_backend.errors import Conflict, InvalidInput
from ml_backend.jobs import LoopThread
from ml_backend.labeling import LabelingConfig
from ml_backend.labelstudio import LabelStudioReader, ServerLabelStudio, queries
from ml_backend.llm.prices import Price
from ml_backend.next_steps import Step
from ml_backend.records import (
    AuditAction,
    Connection,
    Job,
    JobKind,
    JsonObject,
    Prompt,
    PromptVersion,
    ProviderName,
    Task,
)
from ml_backend.scoring.racing import Race
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.inference.predictor_factory import PredictorFactory
from ml_backend.services.models.budgets import Budget, price_of
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.prompts.own_keys import OwnKeys
from ml_backend.services.racing.asking import Asking, Runner
from ml_backend.services.racing.course import FEWEST, Course, course_of
from ml_backend.services.racing.entrants import Entrant, names_of, require_parameters
from ml_backend.services.racing.report import Standing, report_of
from ml_backend.services.racing.request import Doing, RaceRequest
from ml_backend.services.writing.patient_studio import PatientLabelStudio
from ml_backend.store import Account, RaceAnswer, Store
from ml_backend.store.allowances import RACE

_Studio = PatientLabelStudio[ServerLabelStudio]

LEAST_ROUND, MOST_ROUND = 5, 20
"""Tasks between two looks: few, so that who cannot win is asked little more."""


@dataclass(slots=True)
class _State:
    race: Race
    answers: dict[tuple[int, int], RaceAnswer]
    """By entrant and task."""
    failed: dict[int, str] = field(default_factory=dict)
    stopped: str = ""
    held: list[int] = field(default_factory=list)


class Races:
    """Races models."""

    def __init__(
        self,
        store: Store,
        predictor_factory: PredictorFactory,
        models: ModelPool,
        evaluation: Evaluation,
        loop: LoopThread,
    ) -> None:
        self._store = store
        self._predictor_factory = predictor_factory
        self._models = models
        self._evaluation = evaluation
        self._loop = loop
        self._identity = ProjectIdentity(store)

    def check(self, asked: RaceRequest) -> None:
        """Raise what would keep a race from being run, before anything is paid for."""
        self._identity.check(asked.prompt.id, asked.project)
        if not 0 < asked.tolerance < 1:
            raise InvalidInput(
                f"A tolerance of {asked.tolerance:g} is none: scores lie between 0 and 1.",
                field="tolerance",
                fix="Give a part such as 0.05, which is 5 points.",
            )
        for each in asked.entrants:
            version = each.asked_as(asked.version)
            if asked.person is not None:
                OwnKeys(self._store).require(version, asked.person)
            recipe = self._predictor_factory.recipe(asked.project, version)
            require_parameters(recipe.connection, each, asked.version)
            price = price_of(recipe.connection, each.model)
            Budget.require(asked.budget, price, 0.0)
            self._predictor_factory.guard(recipe, version, budget=None, spent=0.0)

    def own_connection(self, version: PromptVersion) -> Connection:
        """Return where models without a connection are asked: the version's, else the server's."""
        if version.provider is ProviderName.BASELINE:
            return self._models.default
        return self._models.connection(version.provider, version.connection_id)

    def under_way(self, asked: RaceRequest) -> Job | None:
        """Return the race of a prompt that goes on and is the very same.

        Raises Conflict where another one of this prompt goes on.
        """
        races = self._store.jobs.search(
            kinds=[JobKind.RACE], prompt_id=asked.prompt.id, open_only=True
        )
        if not races:
            return None
        found, wanted = races[0], asked.document()
        same = {**found.request, "seed": ""} == {**wanted, "seed": ""}
        if same and (found.version_id, found.project_id) == (asked.version.id, asked.project.id):
            return found
        raise Conflict(
            f"A race of {asked.prompt.title!r} is under way: job {found.id}.",
            fix=Step.CANCEL_RACE(prompt=asked.prompt.title),
        )

    def save(
        self, prompt: Prompt, version: PromptVersion, winner: Entrant, title: str
    ) -> PromptVersion:
        """Make a version of a race's version that its winner answers."""
        asked = winner.asked_as(version)
        return self._store.prompts.create_version(
            prompt.id,
            title=title,
            text=asked.text,
            provider=asked.provider.value,
            model=asked.model,
            connection_id=asked.connection_id,
            max_few_shot_examples=asked.max_few_shot_examples,
            parameters=asked.parameters,
            system_prompt=asked.system_prompt,
            confidence=asked.confidence.value,
            refined_from=asked.refined_from,
        )

    def course(self, studio: LabelStudioReader, asked: RaceRequest) -> Course:
        """Return the tasks of a race; raises InvalidInput where there are too few to tell."""
        config = self._predictor_factory.config_of(asked.project)
        return self._course(studio, asked, config, ())

    def run(
        self,
        studio: _Studio,
        asked: RaceRequest,
        doing: Doing,
    ) -> JsonObject:
        """Race, from wherever it stands, and return the report; see ``report_of``."""
        self.check(asked)
        config = self._predictor_factory.config_of(asked.project)
        kept = {(each.entrant, each.task_id): each for each in self._store.races.of(doing.job_id)}
        begun = {task_id for (_, task_id), each in kept.items() if each.raced}
        course = self._course(studio, asked, config, begun)
        race = Race(len(asked.entrants), asked.tolerance, len(course.raced))
        state = _State(race, kept)
        with self._store.audit.doing(
            AuditAction.MODELS_RACED,
            kind="prompt",
            object_id=asked.prompt.id,
            title=asked.prompt.title,
            project_id=asked.project.id,
            organization=asked.prompt.organization,
        ) as told:
            runners = self._runners(asked, course, doing)
            asking = Asking(
                self._store,
                self._loop,
                doing.job_id,
                asked.project.id,
                config,
                runners,
                course.truths,
                doing.look,
            )
            try:
                self._race(studio, asked, course, state, asking, runners, doing)
                self._measure(studio, asked, course, state, asking, doing)
            finally:
                told.cost = _spent(state)
        return self._report(asked, course, state, is_over=True)

    # The race

    def _race(
        self,
        studio: _Studio,
        asked: RaceRequest,
        course: Course,
        state: _State,
        asking: Asking,
        runners: dict[int, Runner],
        doing: Doing,
    ) -> None:
        race, place = state.race, 0
        while not race.is_over and place < len(course.raced) and not state.stopped:
            if doing.look():
                state.stopped = "It was canceled."
                return
            size = self._round(asked, race)
            tasks = course.raced[place : place + size]
            if self._is_too_dear(asked, course, state, len(tasks)):
                state.stopped = (
                    f"The budget of ${asked.budget:g} does not suffice for more tasks of all that "
                    "were left."
                )
                return
            self._ask(studio, asked, state, asking, race.left, tasks, raced=True)
            for each in list(race.left):
                if runners[each].failed:
                    state.failed[each] = runners[each].failed
                    race.fail(each)
            for task_id in tasks:
                _add(state, task_id)
            place += size
            race.look()
            doing.say(f"{min(place, len(course.raced))} of {len(course.raced)}")
            doing.show(self._report(asked, course, state, is_over=False))

    def _measure(
        self,
        studio: _Studio,
        asked: RaceRequest,
        course: Course,
        state: _State,
        asking: Asking,
        doing: Doing,
    ) -> None:
        """Ask who won the tasks that were kept for the end."""
        winner = state.race.verdict().winner
        if winner is None or doing.look():
            return
        for start in range(0, len(course.held), MOST_ROUND * 2):
            tasks = course.held[start : start + MOST_ROUND * 2]
            before = state.stopped
            self._ask(studio, asked, state, asking, [winner], tasks, raced=False)
            state.held += [each for each in tasks if (winner, each) in state.answers]
            doing.say(f"{min(start + len(tasks), len(course.held))} of {len(course.held)}")
            doing.show(self._report(asked, course, state, is_over=False))
            if doing.look() or state.stopped != before:
                return

    def _ask(
        self,
        studio: _Studio,
        asked: RaceRequest,
        state: _State,
        asking: Asking,
        entrants: Sequence[int],
        task_ids: Sequence[int],
        *,
        raced: bool,
    ) -> None:
        missing = [
            (each, task_id)
            for task_id in task_ids
            for each in entrants
            if (each, task_id) not in state.answers
        ]
        if not missing:
            return
        wanted = sorted({task_id for _, task_id in missing})
        tasks: dict[int, Task] = {
            task.id: task
            for page in studio.iter_tasks(asked.project.id, query=queries.selecting(wanted))
            for task in page
        }
        pairs = [(each, tasks[task_id]) for each, task_id in missing if task_id in tasks]
        done = asking.ask(pairs, raced=raced)
        state.answers |= {(each.entrant, each.task_id): each for each in done.answers}
        state.stopped = state.stopped or done.stopped

    def _round(self, asked: RaceRequest, race: Race) -> int:
        places = {asked.entrants[each].at for each in race.left}
        at_once = self._models.concurrency * len(places)
        return max(LEAST_ROUND, min(MOST_ROUND, 2 * at_once // max(1, len(race.left))))

    @staticmethod
    def _is_too_dear(asked: RaceRequest, course: Course, state: _State, tasks: int) -> bool:
        """Whether another round would leave too little to measure whoever would win by now."""
        race = state.race
        if asked.budget is None or not race.asked:
            return False
        prices = {each: race.price(each) or 0.0 for each in race.left}
        winner = race.verdict().winner
        at_end = len(course.held) * (prices[winner] if winner is not None else min(prices.values()))
        return (_spent(state) or 0.0) + tasks * sum(prices.values()) + at_end > asked.budget

    # What it needs

    def _course(
        self,
        studio: LabelStudioReader,
        asked: RaceRequest,
        config: LabelingConfig,
        begun: Collection[int],
    ) -> Course:
        course = course_of(
            self._store,
            self._evaluation,
            studio,
            asked.project,
            asked.version,
            config,
            seed=asked.seed,
            truth=asked.truth,
            begun=begun,
        )
        count = len(course.raced) + len(course.held)
        if count < FEWEST:
            raise InvalidInput(
                f"{count} tasks with {course.source.words} are too few to race models on.",
                field="project",
                fix=f"Annotate at least {FEWEST} in Label Studio; with 100 and more, differences "
                "begin to show.",
            )
        return course

    def _runners(self, asked: RaceRequest, course: Course, doing: Doing) -> dict[int, Runner]:
        budget: Budget | None = None
        if asked.budget is not None:
            account = Account(f"{RACE}{doing.job_id}")
            budget = Budget(asked.budget, 0.0, store=self._store, account=account)
        evaluated = list(course.truths)
        found: dict[int, Runner] = {}
        for number, each in enumerate(asked.entrants):
            version = each.asked_as(asked.version)
            recipe = self._predictor_factory.recipe(asked.project, version)
            price: Price | None = price_of(recipe.connection, each.model)
            predictor = self._predictor_factory.predictor(
                recipe, version, budget=budget, person=asked.person, evaluated=evaluated
            )
            width = self._models.width(recipe.connection)
            found[number] = Runner(predictor, price, each.at, width)
        return found

    def _report(
        self, asked: RaceRequest, course: Course, state: _State, *, is_over: bool
    ) -> JsonObject:
        names = names_of(asked.entrants)
        standings = [
            Standing.of(
                names[number],
                each,
                [found for (entrant, _), found in state.answers.items() if entrant == number],
                state.held,
                state.failed.get(number, ""),
            )
            for number, each in enumerate(asked.entrants)
        ]
        return report_of(
            state.race,
            standings,
            course,
            project_tasks=asked.project.tasks,
            stopped=state.stopped,
            spent=_spent(state),
            is_over=is_over,
        )


def _add(state: _State, task_id: int) -> None:
    """Take a task into the race, where all who are left have an answer to it."""
    race = state.race
    found = {each: state.answers.get((each, task_id)) for each in race.left}
    answers = {each: answer for each, answer in found.items() if answer is not None}
    if answers and len(answers) == len(found):
        race.add(
            {each: answer.score for each, answer in answers.items()},
            {each: answer.cost for each, answer in answers.items()},
        )


def _spent(state: _State) -> float | None:
    """Return what the race has paid, None where that is not known of an answer."""
    costs = [each.spent for each in state.answers.values()]
    known = [each for each in costs if each is not None]
    return sum(known) if len(known) == len(costs) else None
