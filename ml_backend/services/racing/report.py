"""What a race has come to: a row for each model, and one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from ml_backend.records import JsonObject
from ml_backend.scoring import wilson
from ml_backend.scoring.anytime import interval
from ml_backend.scoring.racing import ALPHA, Race
from ml_backend.scoring.verdict import Out, Verdict
from ml_backend.services.racing.course import Course
from ml_backend.services.racing.entrants import Entrant
from ml_backend.store import RaceAnswer


@dataclass(frozen=True, slots=True)
class Standing:
    """What one of a race came to; figures are None where nothing is known."""

    name: str
    entrant: Entrant
    answers: Sequence[RaceAnswer]
    held: Sequence[RaceAnswer]
    """Its answers to tasks that were not raced: only the winner has any."""
    failed: str

    @classmethod
    def of(
        cls,
        name: str,
        entrant: Entrant,
        answers: Sequence[RaceAnswer],
        held: Collection[int],
        failed: str,
    ) -> Standing:
        kept = set(held)
        apart = [each for each in answers if each.task_id in kept and not each.raced]
        return cls(name, entrant, answers, apart, failed)

    @property
    def cost(self) -> float | None:
        return _mean([each.cost for each in self.answers if each.cost is not None])

    @property
    def seconds(self) -> float | None:
        return _mean([each.seconds for each in self.answers if each.seconds is not None])

    def document(self, state: str, by: str, project_tasks: int) -> JsonObject:
        """Return its row; the limits of who was raced hold however long it was asked."""
        measured = self.held or [each for each in self.answers if each.raced]
        n, total = len(measured), sum(each.score for each in measured)
        low, high = wilson(total, n) if self.held else interval(total, n, ALPHA)
        cost = self.cost
        return {
            "name": self.name,
            **asdict(self.entrant),
            "state": state,
            "by": by,
            "message": self.failed,
            "tasks": n,
            "measured_on": "held out" if self.held else "raced",
            "score": total / n if n else None,
            "low": low if n else None,
            "high": high if n else None,
            "accuracy": sum(each.right for each in measured) / n if n else None,
            "failures": dict(Counter(each.failed for each in self.answers if each.failed)),
            "cost_per_task": cost,
            "seconds_per_task": self.seconds,
            "project_cost": cost * project_tasks if cost is not None else None,
            "calls": len(self.answers),
        }


def report_of(
    race: Race,
    standings: Sequence[Standing],
    course: Course,
    *,
    project_tasks: int,
    stopped: str,
    spent: float | None,
    is_over: bool,
) -> JsonObject:
    """Return how a race stands as JSON; the verdict is there once it is over."""
    verdict = race.verdict() if is_over else Verdict(None, None)
    rows = [_row(number, each, race, verdict, standings, project_tasks)
            for number, each in enumerate(standings)]  # fmt: skip
    names = [each.name for each in standings]
    answers = [found for each in standings for found in each.answers]
    return {
        "truth": course.source.value,
        "tolerance": race.tolerance,
        "with_truth": course.with_truth,
        "alike": course.alike,
        "to_race": len(course.raced),
        "raced": race.asked,
        "to_hold": len(course.held),
        "left": [names[each] for each in race.left],
        "models": rows,
        "measure": "accuracy" if all(each.score == each.right for each in answers) else "score",
        "winner": names[verdict.winner] if verdict.winner is not None else None,
        "best": names[verdict.best] if verdict.best is not None else None,
        "is_shown": verdict.is_shown,
        "shortfall": verdict.shortfall,
        "shortfall_most": verdict.shortfall_most,
        "not_told_apart": [names[each] for each in verdict.undecided],
        "more_tasks": verdict.more_tasks,
        "pairs": [
            {
                "first": names[each.first],
                "second": names[each.second],
                "tasks": each.n,
                "difference": each.difference,
                "low": each.low,
                "high": each.high,
                "p_holm": each.p_holm,
                "better": names[each.better] if each.better is not None else None,
            }
            for each in verdict.pairs
        ],
        "sentence": _sentence(race, verdict, rows, stopped) if is_over else "",
        "stopped": stopped,
        "spent": spent,
        "calls": len(answers),
        "all_calls": len(standings) * (len(course.raced) + len(course.held)),
        "project_tasks": project_tasks,
        "is_over": is_over,
    }


def _row(
    number: int,
    standing: Standing,
    race: Race,
    verdict: Verdict,
    standings: Sequence[Standing],
    project_tasks: int,
) -> JsonObject:
    dropped = race.dropped.get(number)
    state = dropped.why.value if dropped else "left"
    if number == verdict.winner:
        state = "winner"
    by = standings[dropped.by].name if dropped and dropped.by is not None else ""
    return standing.document(state, by, project_tasks)


def _sentence(race: Race, verdict: Verdict, rows: Sequence[JsonObject], stopped: str) -> str:
    said = _said(race, verdict, rows)
    return f"{stopped} {said}".strip() if stopped else said


def _said(race: Race, verdict: Verdict, rows: Sequence[JsonObject]) -> str:
    points = f"{race.tolerance * 100:g} points"
    if verdict.best is None:
        failed = [each["name"] for each in rows if each["state"] == Out.FAILED.value]
        if len(failed) == len(rows):
            return "No model could be asked."
        return "Nothing is known yet: no task was answered by all."
    best = rows[verdict.best]["name"]
    more = f"about {verdict.more_tasks:,} more" if verdict.more_tasks else ""
    if verdict.winner is None:
        others = _listed([rows[each]["name"] for each in verdict.undecided])
        return (
            f"Not told apart: {more} tasks with ground truth would tell {best}, the best as "
            f"measured on {race.asked:,}, from {others} at a tolerance of {points}."
        )
    winner = rows[verdict.winner]
    name = winner["name"]
    if len(rows) - len(race.dropped) == 1 and all(
        each["state"] == Out.FAILED.value for each in rows if each["name"] != name
    ):
        return f"{name} is the only one that could be asked."
    told = f"{name} is the cheapest that is not worse than the best by more than {points}"
    if winner["cost_per_task"] is None:
        told = f"{name} is the best, and the price of none as good is known"
    if verdict.is_shown:
        return f"{told}."
    told = f"{told}, as measured"
    if verdict.winner == verdict.best:
        others = _listed([rows[each]["name"] for each in verdict.undecided])
        return f"{told}; {more} tasks would make sure of {others}."
    if verdict.shortfall > race.tolerance:
        told = f"{name} is the cheapest that may well be within {points} of the best"
    return (
        f"{told}: it is {verdict.shortfall * 100:.1f} points below {best} on {race.asked:,} tasks, "
        f"and at most {verdict.shortfall_most * 100:.1f}; {more} tasks would make sure of {points}."
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or "others"


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
