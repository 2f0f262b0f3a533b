"""Who runs in a race: models at connections, each with a number of few-shot examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

from ml_backend.errors import InvalidInput
from ml_backend.llm.models.parameters import check_at
from ml_backend.records import Connection, JsonObject, PromptVersion, ProviderName

FEWEST, MOST = 2, 24
LONGEST_MODEL = 200
MOST_EXAMPLES = 1000

Find = Callable[[str], Connection | None]
"""The connection of a number or exact title that whoever asks may use; None where there is none."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """One model as it is asked in a race."""

    model: str
    connection_id: int | None
    """None is the environment's."""
    connection: str
    """Its title, as it was called then."""
    provider: str
    few_shot: int

    @property
    def at(self) -> tuple[str, int | None]:
        """Where it is asked."""
        return self.provider, self.connection_id

    def asked_as(self, version: PromptVersion) -> PromptVersion:
        """Return a version as this one answers it."""
        return replace(
            version,
            provider=ProviderName(self.provider),
            model=self.model,
            connection_id=self.connection_id,
            max_few_shot_examples=self.few_shot,
        )


def entrants_of(
    models: Sequence[str], few_shot: Sequence[int], version: PromptVersion, own: Connection,
    find: Find,
) -> list[Entrant]:  # fmt: skip
    """Return each model with each number of examples; without one, as many as the version has.

    ``gpt-6-luna`` is asked at the version's ``own`` connection, ``2:gpt-6-luna`` at connection 2,
    ``Gateway:gpt-6-luna`` at the one of that title, ``:gpt-6-luna`` at the environment's; ``2:`` is
    its default model. A colon after what is no connection belongs to the model's name.
    """
    numbers = list(dict.fromkeys(few_shot)) or [version.max_few_shot_examples]
    for number in numbers:
        if not 0 <= number <= MOST_EXAMPLES:
            raise InvalidInput(
                f"{number} examples cannot be shown.",
                field="few_shot",
                fix=f"Give numbers from 0 to {MOST_EXAMPLES}.",
            )
    found: list[Entrant] = []
    for text in models:
        if not text.strip():
            continue
        connection, model = _read(text.strip(), own, find)
        if connection.provider is ProviderName.BASELINE:
            raise InvalidInput(
                f"The offline baseline is no model: {text.strip()!r} cannot be raced at it.",
                field="models",
                fix="Say at which connection, as in 2:gpt-6-luna.",
            )
        found += [
            Entrant(model, connection.id, connection.title, connection.provider.value, number)
            for number in numbers
        ]
    found = list(dict.fromkeys(found))
    if not FEWEST <= len(found) <= MOST:
        raise InvalidInput(
            f"A race takes {FEWEST} to {MOST} models or settings; these are {len(found)}.",
            field="models",
            fix="Name several models, or several numbers of few-shot examples.",
        )
    return found


def require_parameters(connection: Connection, entrant: Entrant, version: PromptVersion) -> None:
    """Raise InvalidInput where an entrant's provider takes not what the version sets.

    It would be left out in silence, and the winner could not be saved. What the version has where
    it is asked itself may stay.
    """
    if entrant.at == (version.provider.value, version.connection_id):
        return
    try:
        check_at(connection, version.parameters)
    except InvalidInput as error:
        raise InvalidInput(
            f"{entrant.model} cannot be asked with this version's parameters. {error.message}",
            field="models",
            fix="Race a version without it, or models of providers that take it.",
        ) from None


def names_of(entrants: Sequence[Entrant]) -> list[str]:
    """Return what to call each: no more than tells them apart."""
    several_places = len({each.at for each in entrants}) > 1
    several_numbers = len({each.few_shot for each in entrants}) > 1
    names = []
    for each in entrants:
        name = f"{each.connection}: {each.model}" if several_places else each.model
        names.append(f"{name} ({_shown(each.few_shot)})" if several_numbers else name)
    return names


def to_json(entrants: Sequence[Entrant]) -> list[JsonObject]:
    return [asdict(each) for each in entrants]


def from_json(documents: Sequence[JsonObject]) -> list[Entrant]:
    return [Entrant(**each) for each in documents]


def _shown(number: int) -> str:
    return "no examples" if not number else f"{number} example{'s' * (number != 1)}"


def _read(text: str, own: Connection, find: Find) -> tuple[Connection, str]:
    before, colon, after = text.partition(":")
    connection, model = own, text
    if colon:
        named = find(before.strip())
        if named is not None:
            connection, model = named, after.strip() or named.default_model
        elif before.strip().isdecimal():
            raise InvalidInput(
                f"There is no connection {before.strip()} for {after.strip()!r}.", field="models"
            )
    if not model or len(model) > LONGEST_MODEL:
        raise InvalidInput(
            f"{text[:60]!r} names no model.",
            field="models",
            fix="Name one, as in gpt-6-luna or 2:gpt-6-luna.",
        )
    return connection, model
