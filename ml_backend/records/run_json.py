"""What a run keeps as JSON: its options, its snapshot and its plan, as the store has them.

Reading takes rows of any version: what one did not keep yet has its default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ml_backend.kinds import Origin, ProviderName, RunStatus, TruthSource
from ml_backend.records.confidence import ConfidenceWay
from ml_backend.records.json_types import JsonObject
from ml_backend.records.runs import (
    AskedAgain,
    Cascade,
    ExamplesLeftOut,
    ExampleSource,
    Member,
    PlannedWrites,
    ProjectState,
    PublishPlan,
    RunOptions,
    RunSnapshot,
    Stopped,
    Vote,
)
from ml_backend.records.tasks import CallRecord, Opinion, Usage

Row = Mapping[str, Any]

_MOST = 10**12


def options_json(options: RunOptions) -> JsonObject:
    """Return options as JSON; what few runs have is left out where there is none."""
    seldom = {
        "job_id": options.worker_job,
        "filters": options.filters,
        "estimated": options.estimated,
        "samples": options.samples if options.samples > 1 else None,
        "sample_size": options.sample_size,
        "sample_seed": options.sample_seed,
        "held_out": options.held_out or None,
        "caution": options.caution,
        "continues": options.continues,
        "truth_by_default": options.truth_by_default or None,
        "vote": _vote_json(options.vote) if options.vote else None,
        "cascade": _cascade_json(options.cascade) if options.cascade else None,
    }
    return {
        **{name: value for name, value in seldom.items() if value not in (None, "")},
        "task_ids": None if options.task_ids is None else list(options.task_ids),
        "only_missing": options.only_missing,
        "budget": options.budget,
        "fresh": options.fresh,
        "truth": options.truth.value,
        "activate": options.activate,
        "follow": options.follow,
    }


def options_of(row: Row | None) -> RunOptions:
    row = row or {}
    task_ids = row.get("task_ids")
    return RunOptions(
        task_ids=None if task_ids is None else tuple(task_ids),
        only_missing=bool(row.get("only_missing")),
        budget=row.get("budget"),
        fresh=bool(row.get("fresh")),
        truth=TruthSource(row.get("truth") or TruthSource.GROUND_TRUTH),
        truth_by_default=bool(row.get("truth_by_default")),
        activate=row.get("activate"),
        follow=bool(row.get("follow")),
        samples=int(row.get("samples") or 1),
        sample_size=row.get("sample_size"),
        sample_seed=row.get("sample_seed"),
        filters=row.get("filters"),
        held_out=bool(row.get("held_out")),
        caution=row.get("caution") or "",
        worker_job=str(row.get("job_id") or ""),
        estimated=row.get("estimated"),
        continues=row.get("continues") or "",
        vote=_vote_of(row["vote"]) if row.get("vote") else None,
        cascade=_cascade_of(row["cascade"]) if row.get("cascade") else None,
    )


def _vote_json(vote: Vote) -> JsonObject:
    return {"members": [_member_json(each) for each in vote.members]}


def _vote_of(row: Row) -> Vote:
    return Vote(tuple(_member_of(each) for each in row["members"]))


def _cascade_json(cascade: Cascade) -> JsonObject:
    return {
        "members": [_member_json(each) for each in cascade.members],
        "min_score": cascade.min_score,
        "max_error": cascade.max_error,
        "certainty": cascade.certainty,
        "judged": cascade.judged,
        "is_promise": cascade.is_promise,
        "why": cascade.why,
        "goes_on": cascade.goes_on,
        "seen": cascade.seen,
    }


def _cascade_of(row: Row) -> Cascade:
    cheap, dear = (_member_of(each) for each in row["members"])
    return Cascade(
        members=(cheap, dear),
        min_score=row["min_score"],
        max_error=row.get("max_error"),
        certainty=row.get("certainty"),
        judged=row.get("judged") or 0,
        is_promise=bool(row.get("is_promise")),
        why=row.get("why") or "",
        goes_on=row.get("goes_on"),
        seen=row.get("seen") or 0,
    )


def _member_json(member: Member) -> JsonObject:
    return {"version": member.version_id, "snapshot": snapshot_json(member.snapshot)}


def _member_of(row: Row) -> Member:
    return Member(row["version"], snapshot_of(row["snapshot"]))


def opinions_json(opinions: Sequence[Opinion]) -> list[JsonObject] | None:
    """Return what several versions said of a task, None where one was asked."""
    return [_opinion_json(each) for each in opinions] or None


def _opinion_json(opinion: Opinion) -> JsonObject:
    asked = opinion.asked
    return {
        "version": opinion.version_id,
        "title": opinion.title,
        "stands": opinion.stands,
        "answer": opinion.answer,
        "score": opinion.score,
        "why": opinion.why,
        "prompt_tokens": asked.usage.prompt_tokens,
        "completion_tokens": asked.usage.completion_tokens,
        "uncounted": asked.usage.uncounted,
        "cost": asked.cost,
        "calls": asked.calls,
        "cached": asked.cached,
        "request_key": asked.request_key,
    }


def opinions_of(rows: Sequence[Row] | None) -> tuple[Opinion, ...]:
    return tuple(_opinion_of(row) for row in rows or ())


def _opinion_of(row: Row) -> Opinion:
    usage = Usage(
        _count(row.get("prompt_tokens")),
        _count(row.get("completion_tokens")),
        _count(row.get("uncounted")),
    )
    return Opinion(
        version_id=row["version"],
        title=row.get("title") or "",
        stands=bool(row.get("stands")),
        answer=row.get("answer"),
        score=row.get("score"),
        why=row.get("why") or "",
        asked=CallRecord(
            usage=usage,
            cost=_dollars(row.get("cost")),
            calls=_count(row.get("calls")),
            cached=bool(row.get("cached")),
            request_key=row.get("request_key") or "",
        ),
    )


def snapshot_json(snapshot: RunSnapshot) -> JsonObject:
    """Return a snapshot as JSON, {} for one of nothing."""
    if snapshot.text is None or snapshot.provider is None:
        return {}
    found: JsonObject = {
        "version_title": snapshot.version_title,
        "text": snapshot.text,
        "provider": snapshot.provider.value,
        "model": snapshot.model,
        "connection_id": snapshot.connection_id,
        "parameters": snapshot.parameters,
        "max_few_shot_examples": snapshot.max_few_shot_examples,
        "origin": snapshot.origin.value,
        "prompt_title": snapshot.prompt_title,
    }
    if snapshot.few_shot is not None:
        found["few_shot"] = pool_json(snapshot.few_shot)
    if snapshot.system_prompt:
        found["system_prompt"] = snapshot.system_prompt
    if snapshot.confidence is not ConfidenceWay.NONE:
        found["confidence"] = snapshot.confidence.value
    if snapshot.confidence_asked is not None:
        found["confidence_asked"] = snapshot.confidence_asked.value
    return found


def snapshot_of(row: Row | None) -> RunSnapshot:
    row = row or {}
    provider, few_shot = row.get("provider"), row.get("few_shot")
    asked = row.get("confidence_asked")
    return RunSnapshot(
        version_title=row.get("version_title", ""),
        text=row.get("text"),
        provider=ProviderName(provider) if provider else None,
        model=row.get("model", ""),
        connection_id=row.get("connection_id"),
        parameters=row.get("parameters") or {},
        max_few_shot_examples=row.get("max_few_shot_examples") or 0,
        origin=Origin(row.get("origin", "")),
        prompt_title=row.get("prompt_title", ""),
        few_shot=pool_of(few_shot) if few_shot else None,
        system_prompt=row.get("system_prompt") or "",
        confidence=ConfidenceWay(row.get("confidence") or ConfidenceWay.NONE),
        confidence_asked=ConfidenceWay(asked) if asked else None,
    )


def pool_json(pool: ExampleSource) -> JsonObject:
    """Return where few-shot examples came from, as far as it is known."""
    known = {
        "max": pool.most,
        "pool_revision": pool.revision,
        "pool_examples": pool.examples,
        "left_out": None if pool.left_out is None else asdict(pool.left_out),
        "from": pool.source or None,
        "pool_revisions": list(pool.revisions) or None,
    }
    always = ("pool_revision", "pool_examples")
    return {name: value for name, value in known.items() if value is not None or name in always}


def pool_of(row: Row) -> ExampleSource:
    left_out = row.get("left_out")
    known = ExamplesLeftOut.__dataclass_fields__
    return ExampleSource(
        revision=row.get("pool_revision"),
        examples=row.get("pool_examples"),
        most=row.get("max"),
        left_out=left_out
        and ExamplesLeftOut(**{name: n for name, n in left_out.items() if name in known}),
        source=row.get("from", ""),
        revisions=tuple(row.get("pool_revisions") or ()),
    )


def plan_json(plan: PublishPlan) -> JsonObject:
    """Return a plan as JSON, with what the run's stages have come to so far."""
    found: JsonObject = {}
    if plan.project is not None:
        found |= {"newest_task": list(plan.project.newest_task), "config": plan.project.config}
    if plan.stopped is not None:
        found["stopped"] = {"status": plan.stopped.status.value, "message": plan.stopped.message}
    if plan.ask_again:
        found["ask_again"] = True
    if plan.writes is not None:
        found |= {
            "watermark": plan.writes.watermark,
            "clear": list(plan.writes.clear),
            "skip": list(plan.writes.skip),
            "model_version": plan.writes.model_version,
        }
    if plan.note:
        found["note"] = plan.note
    return found


def plan_of(row: Row | None) -> PublishPlan:
    row = row or {}
    newest, stopped = row.get("newest_task"), row.get("stopped")
    return PublishPlan(
        project=None if newest is None else ProjectState(tuple(newest), row.get("config") or ""),
        stopped=Stopped(RunStatus(stopped["status"]), stopped["message"]) if stopped else None,
        ask_again=bool(row.get("ask_again")),
        writes=_writes_of(row) if "watermark" in row else None,
        note=row.get("note", ""),
    )


def again_json(again: AskedAgain) -> JsonObject:
    """Return what a run asked for anew, and what it had spent on it before."""
    return {
        "answers": again.answers,
        "unfitting": again.unfitting,
        "paid": again.paid,
        "prompt_tokens": again.usage.prompt_tokens,
        "completion_tokens": again.usage.completion_tokens,
        "uncounted": again.usage.uncounted,
        "cached_tokens": again.usage.cached_tokens,
        "cache_write_tokens": again.usage.cache_write_tokens,
        "reasoning_tokens": again.usage.reasoning_tokens,
        "cost": again.cost,
    }


def again_of(row: Row | None) -> AskedAgain:
    row = row or {}
    return AskedAgain(
        answers=row.get("answers", 0),
        unfitting=row.get("unfitting", 0),
        paid=row.get("paid", 0),
        usage=Usage(
            _count(row.get("prompt_tokens")),
            _count(row.get("completion_tokens")),
            _count(row.get("uncounted")),
            _count(row.get("cached_tokens")),
            _count(row.get("cache_write_tokens")),
            _count(row.get("reasoning_tokens")),
        ),
        cost=_dollars(row.get("cost", 0.0)),
    )


def _count(value: object) -> int:
    """A count as it was kept; 0 for one that cannot be: some were once taken at a server's word."""
    return value if isinstance(value, int) and 0 <= value <= _MOST else 0


def _dollars(value: object) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known and 0 <= value <= _MOST else None  # type: ignore[operator, arg-type]


def _writes_of(row: Row) -> PlannedWrites:
    return PlannedWrites(
        watermark=row["watermark"],
        clear=tuple(row["clear"]),
        skip=tuple(row["skip"]),
        model_version=row["model_version"],
    )
