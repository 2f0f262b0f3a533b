"""What ``--json`` prints; names are the SDK's where it has a word for the thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ml_backend.records import Connection, Failure, Prompt, PromptVersion
from ml_backend.services.health.at_rest import key_problem

if TYPE_CHECKING:
    from ml_backend.llm.prices import Price
    from ml_backend.services.models.spending import Spending
    from ml_backend.services.predictions.bulk_actions import VersionCount
    from ml_backend.services.runs.estimates import Estimate
    from ml_backend.store import Evaluated, Follow, Store

Document = dict[str, Any]


def of_prompt(prompt: Prompt) -> Document:
    return {
        "id": prompt.id,
        "title": prompt.title,
        "description": prompt.description,
        "associated_projects": list(prompt.project_ids),
        "created_at": prompt.created_at.isoformat(),
        "updated_at": prompt.updated_at.isoformat(),
    }


def of_follow(follow: Follow, spent: float | None) -> Document:
    return {
        "prompt": follow.prompt_id,
        "project": follow.project_id,
        "budget": follow.budget,
        "spent": spent,
        "since": follow.since.isoformat(),
        "message": follow.message,
    }


def of_version(version: PromptVersion, *, active: bool) -> Document:
    return {
        "id": version.id,
        "title": version.title,
        "parent_model": version.prompt_id,
        "prompt": version.text,
        "provider": version.provider.value,
        "provider_model_id": version.model,
        "model_provider_connection": version.connection_id,
        "parameters": version.parameters,
        "system_prompt": version.system_prompt,
        "confidence": version.confidence.value,
        "max_few_shot_examples": version.max_few_shot_examples,
        "refined_from": version.refined_from,
        "active": active,
        "created_at": version.created_at.isoformat(),
        "updated_at": version.updated_at.isoformat(),
    }


def of_evaluated(found: Evaluated | None) -> Document:
    """Return how right a version is by its last whole evaluation, and by a later sample."""
    score = found.headline if found else None
    sample = found.beside if found else None
    return {
        "score": score.accuracy if score else None,
        "score_run": score.run_id if score else None,
        "score_n": score.n if score else None,
        "sample_score": sample.accuracy if sample else None,
        "sample_run": sample.run_id if sample else None,
        "sample_n": sample.n if sample else None,
    }


def spending_of(store: Store, connection: Connection) -> Spending:
    """Return how a connection stands."""
    from ml_backend.services.models.spending import spending_of as standing

    return standing(store, connection)


def of_connection(connection: Connection, spending: Spending) -> Document:
    return {
        "id": connection.id,
        "title": connection.title,
        "provider": connection.provider.value,
        "endpoint": connection.endpoint,
        "deployment_name": connection.deployment,
        "api_version": connection.api_version,
        "default_model": connection.default_model,
        "preset": connection.details.get("preset") or None,
        "has_api_key": bool(connection.api_key) or connection.is_unreadable,
        "key_problem": key_problem(connection) or None,
        "budget_limit": connection.budget_limit,
        "budget_reset_period": connection.budget_period or None,
        "budget_last_reset_date": spending.since.isoformat() if spending.since else None,
        "budget_total_spent": spending.cost,
        "budget_alert_threshold": spending.threshold,
        "budget_warning": spending.warning or None,
        "prices": {name: list(price) for name, price in connection.prices.items()},
        "created_at": connection.created_at.isoformat() if connection.created_at else None,
    }


def of_estimate(told: Estimate) -> Document:
    return {
        "truth": told.truth.value if told.truth else None,
        "total_cost_usd": told.total_cost,
        "low_cost_usd": told.low,
        "high_cost_usd": told.high,
        "prompt_cost_usd": told.prompt_cost,
        "completion_cost_usd": told.completion_cost,
        "tasks": told.tasks,
        "samples": told.samples,
        "together": told.remark or None,
        "versions": [
            {"model": each.model, "total_cost_usd": each.total_cost} for each in told.parts
        ],
        "sampled_tasks": told.sampled,
        "answered_already": told.kept,
        "measured": told.measured,
        "prompt_tokens_per_task": told.prompt_tokens,
        "completion_tokens_per_task": told.completion_tokens,
        "completion_limit": told.limit or None,
        "tokens": told.tokens.mean,
        "low_tokens": told.tokens.low,
        "high_tokens": told.tokens.high,
        "price": of_price(told.price),
        "price_unknown": told.unknown or None,
        "model_retirement": told.retiring or None,
        "confidence": told.confidence.value,
    }


def of_price(price: Price | None) -> Document | None:
    """Return a price as dollars per million tokens, with where it is from."""
    if price is None:
        return None
    return {
        "prompt_per_million": price.prompt,
        "completion_per_million": price.completion,
        "cached_per_million": price.cached,
        "cache_write_per_million": price.cache_write,
        "source": price.source,
        "date": price.dated or None,
    }


def of_failure(failure: Failure) -> Document:
    return {
        "task": failure.task_id,
        "kind": failure.kind.value,
        "message": failure.message,
        "raw": failure.raw,
        "calls": failure.asked.calls,
        "cost": failure.asked.cost,
    }


def of_count(count: VersionCount) -> Document:
    label = count.label
    return {
        "model_version": count.model_version,
        "predictions": count.predictions,
        "tasks": count.tasks,
        "prompt": label.prompt_id if label else None,
        "version": label.version_id if label else None,
        "slot": label.slot.value if label else None,
        "shown_in_label_stream": count.shown,
    }
