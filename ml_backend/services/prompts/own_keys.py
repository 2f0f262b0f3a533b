"""Keys of one person: a connection of scope User asks for its owner, and for what they agreed to.

A version that uses one can be changed by nobody else without giving it another connection. So what
Label Studio asks of it is what its owner wrote, in the projects that its prompt had then.
"""

from __future__ import annotations

from ml_backend.errors import Forbidden
from ml_backend.records import Connection, Person, PromptVersion, Scope
from ml_backend.store import Store

NOT_YOURS = "The connection of this version is not for you to use."
CHOOSE_YOURS = "Make a version with a connection of yours."


def require_owner(connection: Connection | None, person: Person | None) -> None:
    """Raise Forbidden where a connection of one person's own would be asked for another."""
    if connection is None or connection.scope is not Scope.USER:
        return
    owner = connection.created_by
    if owner is None or person is None or owner.id != person.id:
        raise Forbidden(NOT_YOURS, fix=CHOOSE_YOURS)


class OwnKeys:
    """Says whom and what the key of one person may be asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, version: PromptVersion) -> Connection | None:
        """Return the connection of a version where it is one person's own."""
        if version.connection_id is None:
            return None
        found = self._store.connections.find(version.connection_id)
        return found if found is not None and found.scope is Scope.USER else None

    def require(self, version: PromptVersion, person: Person | None) -> None:
        """Raise Forbidden where a version would ask with the key of another person."""
        require_owner(self.find(version), person)

    def require_project(self, version: PromptVersion, project_id: int) -> None:
        """Raise Forbidden where Label Studio may not have a version answer with its owner's key.

        It may in the projects that its prompt was for when the owner last kept the version, and
        where the owner has run it.
        """
        connection = self.find(version)
        if connection is None:
            return
        binding = self._store.projects.binding(version.prompt_id, project_id)
        if binding is not None and (
            binding.bound_at is None or binding.bound_at <= version.updated_at
        ):
            return
        owner = connection.created_by
        for run in self._store.runs.search(version_id=version.id, project_id=project_id):
            if owner is not None and run.created_by is not None and run.created_by.id == owner.id:
                return
        raise Forbidden(
            f"{version.title!r} is answered by the connection of one person, who has not used it "
            f"in project {project_id}.",
            fix="Whoever it belongs to runs the version there once, or another version answers.",
        )

    def agree(self, prompt_id: int, person: Person) -> None:
        """Note that a person has versions with keys of theirs answer all that a prompt is for."""
        for version in self._store.prompts.versions(prompt_id):
            connection = self.find(version)
            owner = connection.created_by if connection is not None else None
            if owner is not None and owner.id == person.id:
                self._store.prompts.update_version(version.id)
