"""What a person typed into a prompt's editor, as it was typed, and what it means.

Nothing of it is thrown away when it is refused: the page comes back with all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ml_backend.errors import InvalidInput
from ml_backend.kinds import SAMPLE_SIZE
from ml_backend.labelstudio import Project
from ml_backend.prompting.parameters import parse, written
from ml_backend.records import (
    BASELINE_MODEL,
    ConfidenceWay,
    Connection,
    JsonObject,
    PromptVersion,
    ProviderName,
    Subset,
    TruthSource,
)
from ml_backend.services.callers.access import Caller
from ml_backend.services.callers.authoring import Draft, unsaved
from ml_backend.services.evaluation.ground_truth import truth_of
from ml_backend.services.prompts.prompts import check_system_prompt
from ml_backend.services.runs.run_request import (
    MOST_SAMPLES,
    RunRequest,
    known_count,
    request_of,
)
from ml_backend.services.runs.run_tasks import tab_filters
from ml_backend.web.server.services import services
from ml_backend.web.ui.shell.fields import dollars, task_ids, whole

ENVIRONMENT, BASELINE, KEPT = "environment", "baseline", "kept"
"""Choices of a connection that are none of the store's."""

NOT_READ = "The offline baseline reads no prompt: write one for the model you choose.\n"
"""The text of a version that was never written one."""

TAB = "Tab"
"""A baseline that is no subset: a tab of the Data Manager."""

BASELINES = (*(each.value for each in Subset), TAB)
MOST_FEW_SHOT = 1_000  # as the API takes
MOST_SAMPLED = 1_000_000
MOST_SEED = 2**53 - 1
OPTIONS = {
    "baseline", "sample_size", "sample", "seed", "tasks", "tab", "truth", "held_out",
    "only_missing", "budget", "samples",
}  # fmt: skip
"""Fields about a run and not about the version."""


@dataclass(frozen=True, slots=True)
class EditorForm:
    """The fields of the editor, each a text as a browser sends it; "" for a box not ticked."""

    text: str = ""
    connection: str = ENVIRONMENT
    model: str = ""
    few_shot: str = "0"
    system_prompt: str | None = None
    """None leaves it as it is, as does None of ``parameters``."""
    parameters: str | None = None
    """A line each."""
    confidence: str = ""
    """A ``ConfidenceWay``; "" leaves it as it is."""
    samples: str = "1"
    baseline: str = Subset.HAS_GT.value
    sample_size: str = str(SAMPLE_SIZE)
    sample: str = "first"
    seed: str = "1"
    tasks: str = ""
    tab: str = ""
    truth: str = ""
    """"" leaves it to what the project has."""
    held_out: str = ""
    only_missing: str = ""
    budget: str = ""
    title: str = ""
    """Of the version that Save as makes."""
    preview_task: str = ""
    estimated: str = ""
    """Dollars that the page said a run would cost."""
    said: str = ""
    """The baseline that the button's words are about."""
    seen: str = ""
    """When the version was last changed, as the page knew it."""

    @classmethod
    def of(
        cls, caller: Caller, version: PromptVersion | None, project: Project | None = None
    ) -> EditorForm:
        """Return the editor of a version before anybody typed."""
        has_truth = project is None or bool(project.ground_truths or project.annotations)
        baseline = (Subset.HAS_GT if has_truth else Subset.SAMPLE).value
        form = cls(baseline=baseline, said=baseline)
        if version is None:
            return replace(form, model=services().models.default.default_model)
        return replace(
            form,
            text=_lines(version.text),
            connection=connection_value(caller, version),
            model=version.model,
            few_shot=str(version.max_few_shot_examples),
            system_prompt=_lines(version.system_prompt),
            parameters=written(version.parameters),
            confidence=version.confidence.value,
            held_out="on" if version.refined_from is not None else "",
            seen=version.updated_at.isoformat(),
        )

    @classmethod
    def given(cls, values: Mapping[str, str]) -> EditorForm:
        """Return what a browser sent."""
        names = [each.name for each in fields(cls)]
        sent: dict[str, Any] = {name: values.get(name, "") for name in names}
        for name in ("system_prompt", "parameters"):
            sent[name] = _lines(values[name]) if name in values else None
        return cls(**{**sent, "text": _lines(sent["text"])})

    # The version

    def differs(self, caller: Caller, version: PromptVersion | None) -> bool:
        """Return whether saving would change the version."""
        if version is None:
            return True
        was = EditorForm.of(caller, version)
        now = (self.text, self.connection, self.few_shot.strip())
        model = self.model.strip() or was.model
        is_baseline = self.connection == was.connection and was.model == BASELINE_MODEL
        return (
            now != (was.text, was.connection, was.few_shot)
            or (model != was.model and not is_baseline)
            or self._sends_otherwise(version)
        )

    def _sends_otherwise(self, version: PromptVersion) -> bool:
        """Return whether system text or parameters are others than the version's."""
        system, given = self.system_prompt, self.parameters
        if self.confidence and self.confidence != version.confidence:
            return True
        if system is not None and system.strip() != _lines(version.system_prompt).strip():
            return True
        if given is None:
            return False
        try:
            return parse(given) != version.parameters
        except InvalidInput:
            return given.strip() != written(version.parameters)

    def chosen_connection(self, caller: Caller) -> Connection | None:
        """Return what shall answer, None to leave it as it is; raises for another person's."""
        if self.connection == KEPT:
            return None
        if self.connection == ENVIRONMENT:
            return services().models.default
        if self.connection == BASELINE:
            return services().models.connection(ProviderName.BASELINE, None)
        number = whole(self.connection, "The connection", 1, 10**9, field="connection")
        return services().access.connection(caller, number)

    def draft(self, caller: Caller, version: PromptVersion | None) -> Draft:
        """Return what is to be saved; raises what a person can mend."""
        chosen = self.chosen_connection(caller)
        was = connection_value(caller, version) if version is not None else ""
        if chosen and version and self.connection == was == ENVIRONMENT:
            chosen = replace(chosen, provider=version.provider)  # as the version calls it
        provider = chosen.provider if chosen else version.provider if version else None
        text = self.text
        if not text.strip() and provider is ProviderName.BASELINE:
            text = version.text if version else NOT_READ  # nobody sees a field for it
        if not text.strip():
            raise InvalidInput(
                "The prompt is empty.", field="text", fix="Say what to label, and how."
            )
        model = self.model.strip()
        if len(model) > 200:
            raise InvalidInput(
                f"The model's name has {len(model)} characters; 200 is the most.", field="model"
            )
        if chosen is not None and not (model or chosen.default_model):
            raise InvalidInput(
                f"{chosen.title[:1].upper()}{chosen.title[1:]} has no default model.",
                field="model",
                fix="Name the model that shall answer.",
            )
        if chosen is None and version is None:
            raise InvalidInput("No connection is chosen.", field="connection")
        return Draft(
            title=self.title.strip() or None,
            text=text,
            model=model or None,
            connection=chosen,
            max_few_shot_examples=whole(
                self.few_shot, "Few-shot examples", 0, MOST_FEW_SHOT, field="few_shot"
            ),
            parameters=self._given_parameters(version),
            system_prompt=None
            if self.system_prompt is None
            else check_system_prompt(self.system_prompt),
            confidence=self._way,
        )

    @property
    def _way(self) -> ConfidenceWay | None:
        if not self.confidence:
            return None
        try:
            return ConfidenceWay(self.confidence)
        except ValueError:
            raise InvalidInput(
                f"There is no confidence {self.confidence[:80]!r}.",
                field="confidence",
                fix=f"Choose one of {', '.join(ConfidenceWay)}.",
            ) from None

    def _given_parameters(self, version: PromptVersion | None) -> JsonObject | None:
        given = self.parameters
        if given is None:
            return None
        if version is not None and given.strip() == written(version.parameters):
            return version.parameters
        return parse(given)

    def unsaved(
        self, caller: Caller, prompt_id: int, version: PromptVersion | None
    ) -> PromptVersion:
        """Return the version as it would be if it were saved now."""
        return unsaved(prompt_id, version, self.draft(caller, version))

    # The run

    @property
    def chosen_truth(self) -> TruthSource | None:
        """What was chosen to measure on, None for nothing or for what is no choice."""
        return next((each for each in TruthSource if each == self.truth), None)

    def measures_on_annotations(self, project: Project) -> bool:
        return truth_of(project, self.chosen_truth) is TruthSource.ANNOTATIONS

    @property
    def subset(self) -> Subset:
        return Subset.CUSTOM if self.baseline == TAB else Subset(self.baseline)

    def options(
        self, caller: Caller, project: Project, version: PromptVersion | None
    ) -> RunRequest:
        """Return what a run is asked for; raises what a person can mend."""
        if self.baseline not in BASELINES:
            raise InvalidInput("No tasks are chosen.", field="baseline", fix="Choose some.")
        more: dict[str, Any] = {}
        if self.baseline == Subset.SAMPLE:
            more["sample_size"] = whole(
                self.sample_size, "The sample's size", 1, MOST_SAMPLED, field="sample_size"
            )
            if self.sample == "random":
                more["sample_seed"] = whole(
                    self.seed, "The sample's seed", 0, MOST_SEED, field="seed"
                )
        elif self.baseline == Subset.CUSTOM:
            more["task_ids"] = task_ids(self.tasks)
        elif self.baseline == TAB:
            more["filters"] = tab_filters(caller.studio, project.id, self.tab)
        elif self.baseline == Subset.HAS_GT and (self.held_out or _refined(version)):
            more["held_out"] = bool(self.held_out)
        return request_of(
            self.subset,
            only_missing=self.baseline == Subset.ALL and bool(self.only_missing),
            budget=dollars(self.budget, "Stop at", field="budget"),
            truth=self.chosen_truth,
            samples=whole(
                self.samples or "1", "Answers for each task", 1, MOST_SAMPLES, field="samples"
            ),
            estimated=_estimated(self.estimated),
            **more,
        )

    def known_count(self, project: Project) -> int | None:
        """Return how many tasks a run would ask, None where finding out takes reading them."""
        if self.baseline not in BASELINES or self.baseline == TAB:
            return None
        try:
            chosen = task_ids(self.tasks) if self.baseline == Subset.CUSTOM else None
        except InvalidInput:
            return None
        request = RunRequest(
            subset=self.subset,
            sample_size=self.sampled,
            task_ids=chosen,
            only_missing=bool(self.only_missing),
            truth=self.chosen_truth,
            held_out=bool(self.held_out),
        )
        return known_count(request, project)

    def known_sample(self, project: Project) -> int:
        """Return how many tasks the sample has."""
        return min(self.sampled, project.tasks)

    @property
    def sampled(self) -> int:
        """The sample's size as typed, the usual one for what is no number."""
        size = self.sample_size.strip()
        is_number = size.isascii() and size.isdecimal() and len(size) < 9
        return int(size) if is_number else SAMPLE_SIZE

    def button(self, count: int | None) -> str:
        """Return what the button says that starts a run."""
        verb = "Evaluate" if self.baseline == Subset.HAS_GT else "Run"
        if count is not None:
            return f"{verb} {count:,} task{'' if count == 1 else 's'}"
        if self.baseline == Subset.HAS_GT:
            return "Evaluate held-out tasks" if self.held_out else "Evaluate annotated tasks"
        return {Subset.ALL.value: "Run tasks without one", TAB: "Run the tab's tasks"}.get(
            self.baseline, "Run chosen tasks"
        )


def connection_value(caller: Caller, version: PromptVersion) -> str:
    """Return the choice of a connection that a version has now; another person's can only stay."""
    if version.connection_id is not None:
        connection = services().store.connections.find(version.connection_id)
        usable = connection is not None and services().access.may_use(caller, connection)
        return str(version.connection_id) if usable else KEPT
    if services().models.answers_to(version.provider):
        return ENVIRONMENT
    return BASELINE if version.provider is ProviderName.BASELINE else KEPT


def _refined(version: PromptVersion | None) -> bool:
    return version is not None and version.refined_from is not None


def _estimated(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 <= found < 1e9 else None


def _lines(text: str) -> str:
    """Browsers send the ends of lines as no editor has them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
