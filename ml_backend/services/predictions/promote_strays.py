"""Annotations that a promotion made of predictions which came under its very call.

Label Studio promotes by task and model version. A prediction that somebody wrote between our count
and the call becomes an annotation too, whatever its score; it is deleted again, unopened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ml_backend.labelstudio import Annotation
from ml_backend.services.predictions.promote_plan import PromotePlan
from ml_backend.services.truths import People
from ml_backend.services.writing.writer import Acting, WriterSession
from ml_backend.store import Store


def delete_strays(
    store: Store,
    session: WriterSession[Acting],
    plan: PromotePlan,
    annotations: Mapping[int, Sequence[Annotation]],
) -> tuple[str, ...]:
    """Delete what became an annotation and was not counted; return what to say of it.

    ``annotations`` are those that stand by now, by task.
    """
    wanted = {each.prediction_id for each in plan.candidates}
    doubtful: dict[int, dict[int, Annotation]] = {}
    with People(store, plan.project_id) as people:
        for task_id, group in annotations.items():
            for each in group:
                parent = each.parent_prediction
                if parent is None or parent in wanted or each.id in plan.standing:
                    continue
                if not people.made(each):
                    doubtful.setdefault(task_id, {})[parent] = each
    if not doubtful:
        return ()
    user = session.studio.whoami().id
    strays = {
        made[row.id].id: task_id
        for task_id, made in doubtful.items()
        for row in session.studio.task_prediction_rows(plan.project_id, task_id)
        if row.id in made and row.model_version in plan.labels and made[row.id].completed_by == user
    }
    if not strays:
        return ()
    session.delete_annotations(plan.project_id, strays, lambda done: None)
    return (
        f"{len(strays)} predictions came meanwhile; the annotations Label Studio made of them "
        "were deleted again.",
    )
