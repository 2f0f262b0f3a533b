"""The tables, as SQLAlchemy Core metadata; portable between SQLite and PostgreSQL.

Predictions are kept here first: Label Studio is written from these rows and can be rebuilt from
them. A row of ``labels`` that says ``written_at`` is never deleted: what was written under a model
version string in that project is ours; and ids of prompts, versions and runs are never given twice,
or an old label would change hands.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from ml_backend.store.acceptance_tables import (
    acceptances as acceptances,
    accepted_rows as accepted_rows,
    promotions as promotions,
)
from ml_backend.store.checked_tables import checked_labels as checked_labels
from ml_backend.store.claims import claim_columns
from ml_backend.store.guard_tables import (
    follow_guards as follow_guards,
    follow_tasks as follow_tasks,
)
from ml_backend.store.promise_tables import (
    promise_samples as promise_samples,
    promise_tasks as promise_tasks,
    promise_withheld as promise_withheld,
)
from ml_backend.store.race_tables import race_answers as race_answers
from ml_backend.store.review_tables import review_tabs as review_tabs
from ml_backend.store.run_tables import (
    class_pairs as class_pairs,
    kept_predictions as kept_predictions,
    outcomes as outcomes,
    runs as runs,
    token_kinds,
)
from ml_backend.store.schema import Document, Large, Message, UtcDateTime, metadata as metadata
from ml_backend.store.spending_tables import (
    allowances as allowances,
    environment_prices as environment_prices,
    spendings as spendings,
)
from ml_backend.store.upkeep_tables import (
    audit_events as audit_events,
    model_abilities as model_abilities,
    presences as presences,
    web_sessions as web_sessions,
)

connections = Table(
    "connections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", String(200), nullable=False),
    Column("provider", String(40), nullable=False),
    Column("endpoint", Text, nullable=False, default=""),
    Column("deployment", Text, nullable=False, default=""),
    Column("api_version", String(40), nullable=False, default=""),
    Column("default_model", String(200), nullable=False, default=""),
    Column("encrypted_key", Text, nullable=False, default=""),
    Column("prices", JSON, nullable=False, default=dict),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column(
        "scope", String(20), nullable=False, default="Organization", server_default="Organization"
    ),
    Column("created_by", JSON),
    Column("organization", Integer),
    Column("details", JSON),
    Column("encrypted_secrets", Text, nullable=False, default="", server_default=""),
    Column("budget_limit", Float),
    Column("budget_period", String(20), nullable=False, default="", server_default=""),
    sqlite_autoincrement=True,
)

tries = Table(
    "tries",
    metadata,
    Column("prompt_id", ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True),
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("day", String(10), primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("unpriced", Integer, nullable=False),
    Column("cost", Float, nullable=False),
)

answer_forms = Table(
    "answer_forms",
    metadata,
    Column("key", String(400), primary_key=True),
    Column("form", String(40), nullable=False),
)

prompts = Table(
    "prompts",
    metadata,
    Column("id", Integer, primary_key=True),
    # Unique among those who see each other's: whoever makes one looks.
    Column("title", String(200), nullable=False, index=True),
    Column("description", Text, nullable=False, default=""),
    Column("active_version_id", Integer),
    Column("published_version_id", Integer),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("origin", String(20), nullable=False, default="", server_default=""),
    Column("origin_project_id", Integer),
    Column("created_by", JSON),
    Column("organization", Integer),
    Column("skill_name", String(60), nullable=False, default="", server_default=""),
    Column("input_fields", JSON),
    Column("output_classes", JSON),
    sqlite_autoincrement=True,
)

prompt_projects = Table(
    "prompt_projects",
    metadata,
    Column("prompt_id", ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True),
    Column("project_id", Integer, primary_key=True, index=True),
    Column("bound_at", UtcDateTime),
    # Which project of that number it is; filled in when the project is first read.
    Column("project_made_at", UtcDateTime),
)

versions = Table(
    "versions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("prompt_id", ForeignKey("prompts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("title", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("provider", String(40), nullable=False),
    Column("model", String(200), nullable=False),
    Column("connection_id", Integer),
    Column("max_few_shot_examples", Integer, nullable=False, default=0),
    Column("parameters", JSON, nullable=False, default=dict),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("origin", String(20), nullable=False, default="", server_default=""),
    Column("created_by", JSON),
    Column("organization", Integer),
    Column("refined_from", Integer),
    Column("system_prompt", Text, nullable=False, default="", server_default=""),
    Column("confidence", String(20), nullable=False, default="auto", server_default="none"),
    UniqueConstraint("prompt_id", "title"),
    sqlite_autoincrement=True,
)

labels = Table(
    "labels",
    metadata,
    # The address of the Label Studio; "" for that of a project which is not there now.
    Column("studio", String(500), primary_key=True),
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("label", String(500), primary_key=True),
    Column("prompt_id", Integer, nullable=False, index=True),
    Column("version_id", Integer, nullable=False, index=True),
    Column("slot", String(10), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("checked_at", UtcDateTime),
    Column("written_at", UtcDateTime),
    Column("watermark", Integer, nullable=False, default=0, server_default="0"),
    # With its id it tells a project from one that took its id, or that another Label Studio has.
    Column("project_made_at", UtcDateTime),
)

served = Table(
    "served_predictions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", Integer, nullable=False),
    Column("task_id", Integer, nullable=False),
    Column("label", String(500), nullable=False),
    Column("served_at", UtcDateTime, nullable=False),
    Column("sweep_at", Float, index=True),
    Column("sweeps", Integer, nullable=False, default=0, server_default="0"),
    Index("ix_served_project_task", "project_id", "task_id"),
)

provenance = Table(
    "provenance",
    metadata,
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("task_id", Integer, primary_key=True, autoincrement=False),
    Column("label", String(500), primary_key=True),
    Column("version_id", Integer, nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    Column("shown", Integer, nullable=False),
    Column("pool_revision", Integer),
    Column("pool_examples", Integer),
)

predict_failures = Table(
    "predict_failures",
    metadata,
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("task_id", Integer, primary_key=True, autoincrement=False),
    Column("label", String(500), primary_key=True),
    Column("kind", String(30), nullable=False),
    Column("message", Message, nullable=False),
    Column("raw", Text, nullable=False, default=""),
    Column("failed_at", UtcDateTime, nullable=False),
)

examples = Table(
    "examples",
    metadata,
    Column("annotation_id", Integer, primary_key=True, autoincrement=False),
    Column("project_id", Integer, nullable=False, index=True),
    Column("task_id", Integer, nullable=False),
    Column("data", JSON, nullable=False),
    Column("answer", JSON, nullable=False),
    Column("ground_truth", Boolean, nullable=False, default=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("score", Float),
    Column("prompt_tokens", Large, nullable=False, default=0),
    Column("completion_tokens", Large, nullable=False, default=0),
    *token_kinds(),
    Column("cost", Float),
    Column("created_at", UtcDateTime, nullable=False),
    Column("project_id", Integer),
    Column("request_key", String(64), nullable=False, default="", server_default="", index=True),
    Column("confidence", JSON(none_as_null=True)),
)

publications = Table(
    "publications",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("label_studio_url", String(500), nullable=False, index=True),
    Column("project_id", Integer, nullable=False, index=True),
    Column("run_id", Integer, index=True),
    Column("kind", String(30), nullable=False),
    Column("label", String(500), nullable=False, default=""),
    Column("detail", JSON, nullable=False, default=dict),
    Column("fence", Integer, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("confirmed_at", Float),
    Column("settled_at", Float),
    Column("note", Text, nullable=False, default=""),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(500), primary_key=True),
    Column("holder", String(200), nullable=False, default=""),
    *claim_columns("expires_at"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("path", String(200), primary_key=True),
    Column("extra_params", JSON),
    Column("label_config", Text, nullable=False, default=""),
    Column("instruction", Text, nullable=False, default=""),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("host", String(300), nullable=False, default="", server_default=""),
)

project_secrets = Table(
    "project_secrets",
    metadata,
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
    Column("events_digest", String(64), nullable=False),
    Column("encrypted_secret", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("project_made_at", UtcDateTime),
    Column("placed_at", UtcDateTime),
    Column("valid_until", Float),
)

project_connectors = Table(
    "project_connectors",
    metadata,
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("since", UtcDateTime, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("title", Text, nullable=False, default=""),
    Column("instruction", Text, nullable=False, default=""),
    Column("instruction_read_at", UtcDateTime),
    Column("examples_read_at", UtcDateTime),
    Column("examples_revision", Integer, nullable=False, default=0),
    Column("made_at", UtcDateTime),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", Integer, nullable=False, index=True),
    Column("action", String(60), nullable=False),
    Column("task_ids", JSON),
    Column("annotation_ids", JSON),
    Column("received_at", Float, nullable=False),
    # Told without a project's secret.
    Column("is_hint", Boolean, nullable=False, default=False, server_default=false()),
    sqlite_autoincrement=True,
)

follows = Table(
    "follows",
    metadata,
    Column("prompt_id", ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True),
    Column("project_id", Integer, primary_key=True, index=True),
    Column("budget", Float),
    Column("since", UtcDateTime, nullable=False),
    Column("first_at", Float),
    Column("due_at", Float),
    Column("message", Message, nullable=False, default=""),
)

splits = Table(
    "splits",
    metadata,
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("prompt_id", ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True),
    Column("salt", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(30), nullable=False),
    Column("prompt_id", Integer, index=True),
    Column("version_id", Integer),
    Column("project_id", Integer),
    Column("status", String(20), nullable=False, index=True),
    Column("request", JSON, nullable=False, default=dict),
    Column("result", Document, nullable=False, default=dict),
    Column("message", Message, nullable=False, default=""),
    Column("created_by", JSON),
    Column("created_at", UtcDateTime, nullable=False),
    Column("completed_at", UtcDateTime),
    Column("cancel_requested", Boolean, nullable=False, default=False, server_default=false()),
    *claim_columns(),
    sqlite_autoincrement=True,
)
