"""Prompts and their versions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from ml_backend.errors import Conflict, NotFound
from ml_backend.next_steps import Step
from ml_backend.records import (
    AuditAction,
    ConfidenceWay,
    JobKind,
    JsonObject,
    Origin,
    Person,
    Prompt,
    PromptVersion,
    ProviderName,
)
from ml_backend.store import tables as t
from ml_backend.store.audit import note, note_prompt
from ml_backend.store.database import Database, inserted_id
from ml_backend.store.people import person_column, read_person
from ml_backend.store.promises import withdraw_samples
from ml_backend.store.run_columns import answered_by


class PromptStore:
    """Queries over prompts and versions."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> list[Prompt]:
        """Return all prompts, oldest first."""
        with self._db.read() as c:
            rows = c.execute(sa.select(t.prompts).order_by(t.prompts.c.id)).all()
            projects = _projects(c)
        return [_prompt(row, projects) for row in rows]

    def get(self, prompt_id: int) -> Prompt:
        prompt = self.find(prompt_id)
        if prompt is None:
            raise NotFound(f"There is no prompt {prompt_id}.", field="prompt", fix=_LIST_HINT)
        return prompt

    def find(self, ref: int | str) -> Prompt | None:
        """Return the prompt of that id, or else of that exact title."""
        where = t.prompts.c.title == ref if isinstance(ref, str) else t.prompts.c.id == ref
        with self._db.read() as c:
            row = c.execute(sa.select(t.prompts).where(where).order_by(t.prompts.c.id)).first()
            if row is None:
                return None
            return _prompt(row, _projects(c, row.id))

    def titled(self, title: str) -> list[Prompt]:
        """Return the prompts of exactly that title, oldest first."""
        return [each for each in self.all() if each.title == title]

    def find_origin(self, origin: Origin, project_id: int) -> Prompt | None:
        """Return the prompt that holds what a project's connection or instructions say."""
        where = (t.prompts.c.origin == origin.value, t.prompts.c.origin_project_id == project_id)
        with self._db.read() as c:
            row = c.execute(sa.select(t.prompts).where(*where).order_by(t.prompts.c.id)).first()
            return _prompt(row, _projects(c, row.id)) if row else None

    def create(
        self,
        title: str,
        description: str,
        project_ids: Sequence[int],
        *,
        origin: Origin = Origin.BY_HAND,
        created_by: Person | None = None,
        unlike: Collection[int] | None = None,
        **columns: Any,
    ) -> Prompt:
        """Make a prompt; one of another origin belongs to the one project given.

        Raises Conflict where one of ``unlike``, None for any, has the title.
        """
        now = datetime.now(UTC)
        with self._db.write() as c:
            _refuse_title(c, title, unlike)
            values = {"title": title, "description": description, "created_at": now}
            values |= {
                "origin": origin.value,
                "origin_project_id": None if origin is Origin.BY_HAND else project_ids[0],
                "created_by": person_column(created_by),
                **columns,
            }
            prompt_id = inserted_id(
                c.execute(sa.insert(t.prompts).values(**values, updated_at=now))
            )
            _set_projects(c, prompt_id, project_ids)
        return self.get(prompt_id)

    def update(
        self, prompt_id: int, *, unlike: Collection[int] | None = None, **values: Any
    ) -> Prompt:
        """Change columns of a prompt; ``project_ids`` replaces its projects.

        Raises Conflict where another of ``unlike``, None for any, has a new title.
        """
        project_ids = values.pop("project_ids", None)
        with self._db.write() as c:
            if values.get("title"):
                _refuse_title(c, values["title"], unlike, but=prompt_id)
            c.execute(
                sa.update(t.prompts)
                .where(t.prompts.c.id == prompt_id)
                .values(**values, updated_at=datetime.now(UTC))
            )
            if project_ids is not None:
                _set_projects(c, prompt_id, project_ids)
        return self.get(prompt_id)

    def delete(self, prompt_id: int) -> None:
        """Remove a prompt with its versions, runs and races; its labels stay known.

        A race that goes on is asked to end.
        """
        with self._db.write() as c:
            note_prompt(c, AuditAction.PROMPT_DELETED, prompt_id)
            mine = t.promise_samples.c.prompt_id == prompt_id
            withdraw_samples(c, mine, "Its prompt was deleted.")
            c.execute(sa.delete(t.runs).where(t.runs.c.prompt_id == prompt_id))
            j = t.jobs.c
            races = (j.prompt_id == prompt_id, j.kind == JobKind.RACE.value)
            c.execute(sa.update(t.jobs).where(*races).values(cancel_requested=True))
            c.execute(sa.delete(t.jobs).where(*races, j.completed_at.is_not(None)))
            c.execute(sa.delete(t.prompts).where(t.prompts.c.id == prompt_id))

    def add_project(self, prompt_id: int, project_id: int) -> None:
        with self._db.write() as c:
            known = c.execute(
                sa.select(t.prompt_projects).where(
                    t.prompt_projects.c.prompt_id == prompt_id,
                    t.prompt_projects.c.project_id == project_id,
                )
            ).first()
            if known is None:
                _bind(c, prompt_id, project_id)

    def of_project(self, project_id: int) -> list[Prompt]:
        """Return the prompts associated with a project, oldest first."""
        return [prompt for prompt in self.all() if project_id in prompt.project_ids]

    def versions(self, prompt_id: int) -> list[PromptVersion]:
        """Return a prompt's versions, oldest first."""
        with self._db.read() as c:
            rows = c.execute(
                sa.select(t.versions)
                .where(t.versions.c.prompt_id == prompt_id)
                .order_by(t.versions.c.id)
            ).all()
        return [_version(row) for row in rows]

    def get_version(self, version_id: int) -> PromptVersion:
        with self._db.read() as c:
            row = c.execute(sa.select(t.versions).where(t.versions.c.id == version_id)).first()
        if row is None:
            raise NotFound(f"There is no prompt version {version_id}.", field="version")
        return _version(row)

    def create_version(
        self, prompt_id: int, *, created_by: Person | None = None, **values: Any
    ) -> PromptVersion:
        now = datetime.now(UTC)
        values["created_by"] = person_column(created_by)
        with self._db.write() as c:
            self._refuse_taken(c, prompt_id, values["title"])
            version_id = inserted_id(
                c.execute(
                    sa.insert(t.versions).values(
                        prompt_id=prompt_id, created_at=now, updated_at=now, **values
                    )
                )
            )
            c.execute(
                sa.update(t.prompts).where(t.prompts.c.id == prompt_id).values(updated_at=now)
            )
        return self.get_version(version_id)

    def update_version(self, version_id: int, **values: Any) -> PromptVersion:
        version = self.get_version(version_id)
        with self._db.write() as c:
            if values.get("title", version.title) != version.title:
                self._refuse_taken(c, version.prompt_id, values["title"])
            c.execute(
                sa.update(t.versions)
                .where(t.versions.c.id == version_id)
                .values(**values, updated_at=datetime.now(UTC))
            )
        return self.get_version(version_id)

    def delete_version(self, version_id: int) -> None:
        with self._db.write() as c:
            _tell_deleted(c, version_id)
            for column in (t.prompts.c.active_version_id, t.prompts.c.published_version_id):
                c.execute(
                    sa.update(t.prompts).where(column == version_id).values({column.name: None})
                )
            c.execute(sa.delete(t.versions).where(t.versions.c.id == version_id))

    def delete_unused_version(self, version_id: int) -> bool:
        """Remove a version without runs that nothing was written of; False when there is any.

        One that answers Label Studio, or that a teacher read, is used as well.
        """
        v, r, label, job = t.versions.c, t.runs.c, t.labels.c, t.jobs.c
        used = (
            sa.select(r.id).where(answered_by(version_id)),
            sa.select(label.version_id).where(
                label.version_id == version_id, label.written_at.is_not(None)
            ),
            sa.select(job.id).where(job.version_id == version_id),
            sa.select(v.id).where(v.refined_from == version_id),
            sa.select(t.prompts.c.id).where(
                sa.or_(
                    t.prompts.c.active_version_id == version_id,
                    t.prompts.c.published_version_id == version_id,
                )
            ),
        )
        # In one transaction: a run that begins meanwhile must find its version, or not begin.
        with self._db.write() as c:
            if any(c.execute(each.limit(1)).first() is not None for each in used):
                return False
            _tell_deleted(c, version_id)
            # It was only ever named: nothing was written under a label of it.
            c.execute(sa.delete(t.labels).where(label.version_id == version_id))
            return c.execute(sa.delete(t.versions).where(v.id == version_id)).rowcount == 1

    def models_in_use(self, connection_id: int | None, provider: ProviderName) -> list[str]:
        """Return the models of versions at a connection that answer, or are their prompt's newest.

        Without a number it is the environment's of this provider.
        """
        v, p = t.versions.c, t.prompts.c
        newest = sa.select(sa.func.max(v.id)).group_by(v.prompt_id)
        chosen = sa.union(sa.select(p.active_version_id), sa.select(p.published_version_id))
        query = (
            sa.select(v.model)
            .distinct()
            .where(
                v.provider == provider.value, v.connection_id.is_not_distinct_from(connection_id)
            )
            .where(sa.or_(v.id.in_(newest), v.id.in_(chosen.subquery().select())))
            .order_by(v.model)
        )
        with self._db.read() as c:
            return list(c.execute(query).scalars())

    def active_version(self, prompt_id: int, *, by_hand: bool = True) -> PromptVersion | None:
        """Return the version chosen by hand, else last published for all tasks, else newest.

        Without ``by_hand`` what it would be if none were chosen so.
        """
        with self._db.read() as c:
            row = c.execute(
                sa.select(t.prompts.c.active_version_id, t.prompts.c.published_version_id).where(
                    t.prompts.c.id == prompt_id
                )
            ).first()
        versions = {version.id: version for version in self.versions(prompt_id)}
        wanted = (
            (row.active_version_id if by_hand else None, row.published_version_id) if row else ()
        )
        for chosen in wanted:
            if chosen in versions:
                return versions[chosen]
        return versions[max(versions)] if versions else None

    @staticmethod
    def _refuse_taken(c: sa.Connection, prompt_id: int, title: str) -> None:
        taken = sa.select(t.versions.c.id).where(
            t.versions.c.prompt_id == prompt_id, t.versions.c.title == title
        )
        if c.execute(taken).first():
            raise Conflict(
                f"This prompt already has a version named {title!r}.",
                field="version",
                fix="Choose another title for the version.",
            )


_LIST_HINT = Step.LIST_PROMPTS()


def _tell_deleted(c: sa.Connection, version_id: int) -> None:
    samples = t.promise_samples.c.version_id == version_id
    withdraw_samples(c, samples, "Its version was deleted.")
    v = t.versions.c
    query = sa.select(v.title, v.organization).where(v.id == version_id)
    for row in c.execute(query).all():
        note(
            c,
            AuditAction.VERSION_DELETED,
            kind="version",
            object_id=version_id,
            title=row.title,
            organization=row.organization,
        )


def _refuse_title(
    c: sa.Connection, title: str, unlike: Collection[int] | None, but: int | None = None
) -> None:
    """Raise Conflict for a title that a prompt has whose title must be another one."""
    found = c.scalars(sa.select(t.prompts.c.id).where(t.prompts.c.title == title))
    if any(each != but and (unlike is None or each in unlike) for each in found):
        raise title_taken(title)


def title_taken(title: str) -> Conflict:
    """Return the error of a title that another prompt has."""
    return Conflict(
        f"A prompt named {title!r} already exists.",
        field="title",
        fix="Choose another title, or add a version to that prompt.",
    )


def _projects(c: sa.Connection, prompt_id: int | None = None) -> dict[int, tuple[int, ...]]:
    query = sa.select(t.prompt_projects).order_by(t.prompt_projects.c.project_id)
    if prompt_id is not None:
        query = query.where(t.prompt_projects.c.prompt_id == prompt_id)
    found: dict[int, tuple[int, ...]] = {}
    for row in c.execute(query):
        found[row.prompt_id] = (*found.get(row.prompt_id, ()), row.project_id)
    return found


def _set_projects(c: sa.Connection, prompt_id: int, project_ids: Sequence[int]) -> None:
    bound = t.prompt_projects.c
    mine = bound.prompt_id == prompt_id
    c.execute(sa.delete(t.prompt_projects).where(mine, bound.project_id.not_in(project_ids)))
    known = set(c.scalars(sa.select(bound.project_id).where(mine)))
    for project_id in dict.fromkeys(project_ids):
        if project_id not in known:
            _bind(c, prompt_id, project_id)


def _bind(c: sa.Connection, prompt_id: int, project_id: int) -> None:
    values = {"prompt_id": prompt_id, "project_id": project_id, "bound_at": datetime.now(UTC)}
    c.execute(sa.insert(t.prompt_projects).values(**values))


def _prompt(row: Any, projects: dict[int, tuple[int, ...]]) -> Prompt:
    return Prompt(
        id=row.id,
        title=row.title,
        description=row.description,
        project_ids=projects.get(row.id, ()),
        active_version_id=row.active_version_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        origin=Origin(row.origin),
        created_by=read_person(row.created_by),
        organization=row.organization,
        skill_name=row.skill_name,
        input_fields=row.input_fields,
        output_classes=row.output_classes,
    )


def _version(row: Any) -> PromptVersion:
    parameters: JsonObject = row.parameters or {}
    return PromptVersion(
        id=row.id,
        prompt_id=row.prompt_id,
        title=row.title,
        text=row.text,
        provider=ProviderName(row.provider),
        model=row.model,
        connection_id=row.connection_id,
        max_few_shot_examples=row.max_few_shot_examples,
        refined_from=row.refined_from,
        system_prompt=row.system_prompt,
        confidence=ConfidenceWay(row.confidence),
        parameters=parameters,
        created_at=row.created_at,
        updated_at=row.updated_at,
        origin=Origin(row.origin),
        created_by=read_person(row.created_by),
        organization=row.organization,
    )
