"""How runs and people are called on the pages of versions: which tasks, how it went, by whom."""

from __future__ import annotations

from typing import Any

from ml_backend.records import FailureKind, Person, Run, RunStatus, Subset, TruthSource
from ml_backend.web.ui.shell.filters import count, money, plural

SUBSETS = {
    Subset.ALL: "All Project Tasks",
    Subset.HAS_GT: "Ground Truths",
    Subset.SAMPLE: "Sample Tasks",
    Subset.CUSTOM: "Chosen tasks",
}


def baseline(run: Run) -> str:
    """Say which tasks a run covers."""
    options = run.options
    name = SUBSETS[run.subset]
    if run.subset is Subset.HAS_GT:
        name = "Annotated tasks" if run.truth is TruthSource.ANNOTATIONS else name
        name = f"Held-out {name}" if options.held_out else name
    if run.subset is Subset.SAMPLE:
        seed = options.sample_seed
        name = f"{name}, the first" if seed is None else f"{name}, random with seed {seed}"
    if options.filters:
        name = "Tasks of a filter"
    missing = ", only those without a prediction of this version" if options.only_missing else ""
    return f"{name}{missing} · {plural(run.totals.total, 'task')}"


def state(run: Run) -> tuple[str, str]:
    """Return how a run stands and the kind of badge that says so."""
    if run.status is RunStatus.PENDING:
        return "Waiting", ""
    if run.status is RunStatus.IN_PROGRESS:
        return ("Stopping" if run.cancel_requested else "Running"), ""
    if run.status is RunStatus.COMPLETED:
        failed = run.totals.failed
        return (f"Completed, {failed:,} failed", "warning") if failed else ("Completed", "positive")
    kind = "negative" if run.status is RunStatus.FAILED else "warning"
    return run.status.value, kind


def who(person: Person | None) -> str:
    """Return a person's name; what was made by command has none."""
    if person is None:
        return "by command"
    name = f"{person.first_name} {person.last_name}".strip()
    return name or person.username or person.email or f"user {person.id}"


def measured_on(run: Run) -> tuple[str, ...]:
    """Return what tells whether two runs were measured on the same truths of the same tasks."""
    if run.metrics is not None and run.metrics.fingerprint:
        return run.truth.value, run.metrics.fingerprint
    return run.truth.value, run.subset.value, str(run.options.task_ids)


def per_task(run: Run) -> float | None:
    """Return dollars a task of those that were paid for; None without any."""
    paid = run.totals.paid
    return run.totals.cost / paid if run.totals.cost is not None and paid > 0 else None


def cost_said(run: Run) -> str:
    """Say what a run cost; what was kept from before was paid before, and is not free."""
    totals = run.totals
    cost = f"Cost {money(totals.cost)}"
    if totals.usage.kinds:
        cost += f" ({totals.usage.kinds})"
    if not totals.cached:
        return cost
    if totals.cached == totals.done:
        kept = "All answers were" if totals.done > 1 else "The answer was"
        return f"{kept} kept from before and paid then: nothing was asked"
    asked, kept = count(totals.done - totals.cached), count(totals.cached)
    return f"{cost} for {asked} asked; {kept} kept from before"


def left_of(run: Run) -> int:
    """Return the tasks that going on with a run that stopped would ask: what is final stays."""
    failures = run.totals.failures.items()
    definite = sum(number for kind, number in failures if FailureKind(kind).is_definite)
    return max(0, run.totals.total - run.totals.succeeded - run.totals.deleted - definite)


WORDS: dict[str, Any] = {
    "baseline": baseline,
    "state": state,
    "who": who,
    "cost_said": cost_said,
    "per_task": per_task,
    "left_of": left_of,
}
"""What the templates of these pages call."""
