"""What is known of the models behind connections, and whether one is about to be retired."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from ml_backend.llm import facts_of
from ml_backend.llm.model import LOGPROBS
from ml_backend.llm.models.catalogue import KnownModel, known_model, names_of, own_abilities
from ml_backend.llm.models.kept import documented, retirement_of
from ml_backend.llm.models.retiring import retirement_said
from ml_backend.llm.structured_output import StructuredOutputFallback
from ml_backend.records import Connection, PromptVersion
from ml_backend.records.abilities import MEASURED, TOOL, ModelAbilities, by_source, merged
from ml_backend.services.models.pool import ModelPool
from ml_backend.store import Store


class ModelCatalogue:
    """Reads what was measured beside what the kept tables say; asks nobody."""

    def __init__(self, store: Store, models: ModelPool) -> None:
        self._store = store
        self._models = models

    def of(self, connection: Connection, names: Iterable[str] = ()) -> list[KnownModel]:
        """Return the models a connection is known to have, its own first, then those named."""
        measured = self._measured(connection)
        known = names_of(connection, *names, measured=measured)
        return [known_model(connection, name, measured) for name in known]

    def model(self, connection: Connection, name: str) -> KnownModel:
        """Return what is known of one model."""
        return known_model(connection, name, self._measured(connection))

    def gives_logprobs(self, connection: Connection, name: str) -> bool:
        """Return whether a model is known to tell log-probabilities of a whole answer's tokens.

        Those of a tool's call are told by few, and what a server refused once it does not give.
        """
        at = self._models.as_asked(connection)
        forms = StructuredOutputFallback(self._store.answer_forms, at)
        if LOGPROBS not in facts_of(connection.provider).parameters or not forms.takes(
            name, LOGPROBS
        ):
            return False
        found = self._measured(connection).get(name, ModelAbilities())
        known = merged(
            by_source(found, MEASURED),
            own_abilities(connection, name),
            found,
            documented(connection, name),
        )
        is_called = known.form is not None and known.form.value == TOOL
        return known.logprobs is not None and known.logprobs.value is True and not is_called

    def _measured(self, connection: Connection) -> dict[str, ModelAbilities]:
        """Return what was found out of models where a connection leads now."""
        return self._store.abilities.of(self._models.as_asked(connection))

    def retirement(self, connection: Connection, name: str) -> str:
        """Return a sentence where a model is retired, or will be within the notice; else ""."""
        if not name:
            return ""
        found = self._measured(connection).get(name, ModelAbilities())
        shown = by_source(found, MEASURED)
        own = own_abilities(connection, name)
        known = merged(shown, own, found, retirement_of(connection, name))
        return retirement_said(name, known, datetime.now(UTC).date())

    def retirement_of_version(self, version: PromptVersion) -> str:
        """Return that of the model that answers a version."""
        connection = self._models.asked_by(version.provider, version.connection_id)
        return self.retirement(connection, version.model)

    def retiring(self, connection: Connection, *, of_versions: bool = True) -> list[str]:
        """Return those sentences of a connection's default model and of what versions ask there.

        Those versions count that answer Label Studio or are the newest of their prompt.
        """
        asked = self._store.prompts.models_in_use(connection.id, connection.provider)
        names = (connection.default_model, *(asked if of_versions else ()))
        said = (self.retirement(connection, name) for name in dict.fromkeys(filter(None, names)))
        return list(filter(None, said))
