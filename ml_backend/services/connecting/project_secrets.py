"""The secret by which a project is known when Label Studio calls: made, changed, recognised.

It opens that project alone, so it may go to whatever address the project's people connect. Label
Studio never shows a connection's password, but a webhook's headers to the whole organization: a
webhook bears a word made from the secret, which tells of events and opens nothing else.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from enum import StrEnum

from ml_backend.labelstudio import Project
from ml_backend.records import Person, is_same_project, read_moment
from ml_backend.services.connecting.backend_urls import Pair
from ml_backend.store import ProjectSecret, Store
from ml_backend.store.project_secrets import USER, digest_of, events_word


class Way(StrEnum):
    """What a call of Label Studio's was let in by."""

    OPERATOR = "operator"
    """The user and password of the server's own settings, or whoever hosts us."""
    PROJECT = "project"
    """A project's secret."""
    EVENTS = "events"
    """What a project's webhook bears: it tells of events and asks for nothing."""
    OPEN = "open"
    """Nothing, from this machine: a connection of before secrets, or one made by hand."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a call brought, and the one project that opens; None for any."""

    way: Way
    project_id: int | None = None

    @property
    def may_spend(self) -> bool:
        """Return whether it may begin what costs money beside answering the tasks it brings."""
        return self.way in (Way.OPERATOR, Way.PROJECT)


OPERATOR = Bearer(Way.OPERATOR)
OPEN = Bearer(Way.OPEN)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What goes into Label Studio for a project: of its connections, and of their webhooks."""

    secret: ProjectSecret
    connection: Pair = field(repr=False)
    webhook: Pair = field(repr=False)


class ProjectSecrets:
    """Makes, changes and recognises them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, project: Project, *, anew: bool = False) -> Credentials:
        """Return a project's credentials, made when it has none that can be read, or ``anew``.

        What was valid stays so until ``placed`` says that Label Studio has these.
        """
        made_at = read_moment(project.created_at)
        kept = self._store.secrets
        known = kept.newest(project.id)
        then = known.project_made_at if known is not None else None
        if then is not None and made_at is not None and not is_same_project(then, made_at):
            kept.end(project.id)  # of another project, which had the number before
            known = None
        word = kept.reveal(known) if known is not None and not anew else None
        while word is None:
            fresh = secrets.token_urlsafe(32)
            known = kept.add(project.id, fresh, made_at, anew=known is not None)
            word = kept.reveal(known)
        assert known is not None  # nosec B101  # for types
        return Credentials(known, (known.user, word), (known.user, events_word(word)))

    def placed(self, credentials: Credentials) -> None:
        """Note that Label Studio has these: former ones end in ten minutes."""
        self._store.secrets.place(credentials.secret)

    def agree(self, project_id: int, person: Person) -> None:
        """Note that a person connects a project, which their own keys may then answer for."""
        self._store.secrets.note_connector(project_id, person.id)

    def recognise(self, user: str, password: str) -> Bearer | None:
        """Return what a user name and password open; None for what is no secret, or none now."""
        named = USER.fullmatch(user)
        project_id = int(named[1]) if named else 0
        given, found = digest_of(password), None
        for each in self._store.secrets.valid(project_id) if named else ():
            if hmac.compare_digest(given, each.digest):
                found = Bearer(Way.PROJECT, project_id)
            elif hmac.compare_digest(given, each.events_digest):
                found = found or Bearer(Way.EVENTS, project_id)
        return found

    @staticmethod
    def names_project(user: str) -> bool:
        """Return whether a user name is that of a project, whichever password goes with it."""
        return USER.fullmatch(user) is not None
