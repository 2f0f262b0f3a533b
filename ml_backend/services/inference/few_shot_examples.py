"""A project's pool of examples made ready to be shown: the few-shot examples of a version."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Sequence

from ml_backend.errors import TaskRefused
from ml_backend.labeling import LabelingConfig
from ml_backend.prompting import messages as prompting
from ml_backend.prompting.enclosing import marks_of_a_chat
from ml_backend.prompting.few_shot_choice import EXAMPLE_CHARACTERS, FewShot, Shot, classes_in
from ml_backend.records import Example, ExamplesLeftOut, ExampleSource, PromptVersion

log = logging.getLogger(__name__)

LARGEST_POOL = 5_000
"""Examples that are looked at; ground truth first."""


class FewShotExamples:
    """The few-shot examples of one version in one project, and where they come from."""

    def __init__(self, chooser: FewShot, pool: ExampleSource) -> None:
        self.chooser = chooser
        self.pool = pool


def build_shots(
    config: LabelingConfig,
    version: PromptVersion,
    known: Collection[str],
    pool: Sequence[Example],
    *,
    revision: int,
    evaluated: Collection[int] = (),
) -> FewShotExamples:
    """Return a version's few-shot examples.

    ``evaluated`` are the tasks whose ground truth the answers will be measured on. Where others
    are annotated, examples come from those alone; where there are too few, each task is still shown
    none of its own.
    """
    number = version.max_few_shot_examples
    ready: list[Shot] = []
    with_files = too_long = unreadable = 0
    for example in pool[:LARGEST_POOL]:
        try:
            has_files = bool(config.attachments(example.data))
        except TaskRefused:
            unreadable += 1
            continue
        if has_files:
            with_files += 1
            continue
        shot = _shot(config, version, known, example)
        if shot is None:
            unreadable += 1
        elif shot.size > EXAMPLE_CHARACTERS:
            too_long += 1
        else:
            ready.append(shot)
    measured = frozenset(evaluated)
    outside = [shot for shot in ready if shot.task_id not in measured]
    apart = len({shot.task_id for shot in outside}) >= number
    used = outside if apart else ready
    left_out = ExamplesLeftOut(
        with_files=with_files,
        too_long=too_long,
        unreadable=unreadable,
        over_the_limit=max(0, len(pool) - LARGEST_POOL),
        evaluated=len(ready) - len(used),
    )
    source = "tasks not evaluated" if apart else "the other evaluated tasks"
    shown = ExampleSource(
        revision=revision,
        examples=len(used),
        most=number,
        left_out=left_out,
        source=source if measured else "",
    )
    return FewShotExamples(FewShot(used, number), shown)


def _shot(
    config: LabelingConfig, version: PromptVersion, known: Collection[str], example: Example
) -> Shot | None:
    """Return an example as the model is shown it; None when it cannot be."""
    try:
        inputs = config.inputs(example.data)
        question = prompting.task_text(
            version.text,
            inputs=inputs,
            data=example.data,
            known=known,
            lenient=version.is_lenient,
            texts=config.texts(inputs, example.data),
        )
        if marks_of_a_chat(question):  # it could end its own message, and begin another's
            return None
        answer = {name: example.answer.get(name) for name in config.controls}
        return Shot(
            example.task_id,
            "\n".join(text for _, text in inputs).strip() or question,
            question,
            json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace").decode(),
            classes_in(answer, config.schema(example.data)),
        )
    except Exception:  # whatever one task's data provokes costs that example alone
        log.exception("task %s cannot be an example", example.task_id)
        return None
