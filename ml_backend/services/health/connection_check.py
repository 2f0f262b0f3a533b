"""Whether a connection answers: asked of its provider, within a limit of time."""

from __future__ import annotations

from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass
from datetime import UTC, datetime

from ml_backend.errors import ModelError, PromptsError
from ml_backend.jobs import LoopThread
from ml_backend.records import Connection, FailureKind, Person, ProviderName
from ml_backend.services.models.pool import ModelPool
from ml_backend.services.recent import Recent

KEPT_SECONDS = 7 * 86_400.0
WORDS = {
    FailureKind.AUTHENTICATION: "key refused",
    FailureKind.MODEL_NOT_FOUND: "model missing",
    FailureKind.CONNECTION: "unreachable",
    FailureKind.TIMEOUT: "unreachable",
    FailureKind.QUOTA: "quota used up",
    FailureKind.RATE_LIMIT: "too many calls",
    FailureKind.BAD_REQUEST: "refused",
    FailureKind.BUDGET: "limit reached",
}


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    """What asking a connection came to; ``word`` names the case, "answers" when all is well."""

    answers: bool
    word: str
    message: str
    fix: str = ""
    models: tuple[str, ...] = ()
    """Those the provider lists."""
    at: datetime | None = None

    @property
    def is_well(self) -> bool:
        """Whether nothing is left to mend."""
        return self.answers and not self.fix


def check_connection(
    loop: LoopThread,
    models: ModelPool,
    connection: Connection,
    seconds: float,
    person: Person | None,
) -> ConnectionCheck:
    """Ask a connection's provider; what goes wrong is a finding, not an error.

    A word that has to be paid for is one of the ``person``'s calls; None is who runs the server.
    """
    provider, now = connection.provider.value, datetime.now(UTC)
    if connection.provider is ProviderName.BASELINE:
        return ConnectionCheck(
            True,
            "answers",
            "The offline baseline answers, from annotated tasks like the one asked. It is a floor "
            "to beat, not a language model.",
            at=now,
        )
    try:
        names = loop.submit(models.check(connection, person)).result(seconds)
    except TooSlow:
        if not models.reach_of(connection).tells:
            from ml_backend.llm.explanations import silent  # loads what knows refusals: 0.1 s

            told = silent(connection)
            return ConnectionCheck(False, "unreachable", told.message, told.fix, at=now)
        return ConnectionCheck(
            False,
            "unreachable",
            f"{provider} did not answer within {seconds:.0f} s.",
            "Check the endpoint and the way there (proxy, firewall).",
            at=now,
        )
    except PromptsError as error:
        if connection.is_unreadable:
            return ConnectionCheck(False, "key unreadable", error.message, error.fix, at=now)
        word = WORDS.get(error.kind, "failed") if isinstance(error, ModelError) else "failed"
        has_key = connection.api_key or any(connection.secrets.values())
        if word == "key refused" and not has_key:
            word = "key missing"
        return ConnectionCheck(False, word, error.message, error.fix, at=now)
    models.note_listed(connection)
    wanted = connection.default_model
    if wanted and len(names) > 1 and wanted not in names:
        return ConnectionCheck(
            True,
            "model missing",
            f"{provider} answers, but does not list the model {wanted!r}.",
            f"It lists {', '.join(names[:5])}{' …' if len(names) > 5 else ''}.",
            tuple(names),
            now,
        )
    model = f", model {wanted}" if wanted else ""
    return ConnectionCheck(True, "answers", f"{provider} answers{model}.", "", tuple(names), now)


class ConnectionChecks:
    """The last check of each connection, as long as the connection stays what it was.

    Kept in this process alone: after a restart nobody knows.
    """

    def __init__(self, loop: LoopThread, models: ModelPool, seconds: float) -> None:
        self._loop = loop
        self._models = models
        self._seconds = seconds
        self._last: Recent[int, tuple[Connection, ConnectionCheck]] = Recent(KEPT_SECONDS, 1024)

    def run(self, connection: Connection, person: Person) -> ConnectionCheck:
        """Ask now, for a person, and remember."""
        found = check_connection(self._loop, self._models, connection, self._seconds, person)
        self._last.put(connection.id or 0, (connection, found))
        return found

    def last(self, connection: Connection) -> ConnectionCheck | None:
        """Return the last check, None when there was none or the connection was changed since."""
        kept = self._last.find_new(connection.id or 0)
        return kept[1] if kept is not None and kept[0] == connection else None
