"""What several requests and answers are made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from flask import request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema

from ml_backend.errors import NotFound
from ml_backend.records import Confidence, ConfidenceSource, ExampleSource, Person
from ml_backend.records.run_json import pool_json
from ml_backend.web.server.next_steps import for_api

T = TypeVar("T")
LARGEST = 2**31 - 1

Id = Annotated[int, Field(ge=1, le=LARGEST)]
Whole = Annotated[int, Field(ge=0, le=LARGEST)]
Said = Annotated[str, AfterValidator(for_api)]
"""A message for a person, whose next steps are said in the API's words."""
Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _without_default(schema: JsonDict) -> None:
    schema.pop("default", None)


LeftOut = Annotated[
    T | SkipJsonSchema[None],
    Field(exclude_if=lambda value: value is None, json_schema_extra=_without_default),
]
"""A field of an answer that is not there at all where there is nothing to say."""


class Given(BaseModel):
    """A request of the SDK: what it sends besides is passed over, as Label Studio does."""

    model_config = ConfigDict(extra="ignore", defer_build=True, str_max_length=1_000_000)


class Exact(BaseModel):
    """A request of our own: an unknown name is an error, for it may be a misspelt limit."""

    model_config = ConfigDict(extra="forbid", defer_build=True, str_max_length=1_000_000)


class Shown(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class ConfidenceAnswer(Shown):
    """How sure a model is of an answer, 0 to 1, as it came: calibrated it is nowhere here."""

    source: ConfidenceSource
    task: float
    controls: dict[str, float]
    """By the name of the control, where that is known."""
    regions: dict[str, float]
    """By the id of the region."""

    @classmethod
    def of(cls, found: Confidence | None) -> ConfidenceAnswer | None:
        if found is None:
            return None
        return cls(
            source=found.source,
            task=found.task,
            controls=dict(found.controls),
            regions=dict(found.regions),
        )


class UserSimple(Shown):
    """Who made something."""

    id: int
    username: str
    email: str
    first_name: str
    last_name: str
    avatar: str | None = None

    @classmethod
    def of(cls, person: Person | None) -> UserSimple | None:
        if person is None:
            return None
        return cls(
            id=person.id,
            username=person.username,
            email=person.email,
            first_name=person.first_name,
            last_name=person.last_name,
            avatar=person.avatar,
        )


class LeftOutExamples(Shown):
    """Annotated tasks that were no few-shot examples, by reason."""

    with_files: int
    too_long: int
    unreadable: int
    over_the_limit: int
    evaluated: int
    """They were measured on."""


class PoolAnswer(Shown):
    """Where few-shot examples come from."""

    most: Annotated[LeftOut[int], Field(alias="max")] = None
    pool_revision: int | None
    pool_examples: int | None
    left_out: LeftOut[LeftOutExamples] = None
    source: Annotated[LeftOut[str], Field(alias="from")] = None
    pool_revisions: LeftOut[list[int]] = None
    """All that a run which was interrupted used."""

    @classmethod
    def of(cls, pool: ExampleSource | None) -> PoolAnswer | None:
        return cls.model_validate(pool_json(pool)) if pool is not None else None


class Page(Shown, Generic[T]):
    """A page of a list, with the addresses of its neighbours."""

    count: int
    next: str | None = None
    previous: str | None = None
    results: list[T]


class Detail(Shown):
    """A sentence: of an error, or of what was done."""

    detail: str


class PageQuery(Given):
    """Which page of a list."""

    page: Annotated[int, Field(ge=1, le=LARGEST, description="Counted from 1.")] = 1
    page_size: Annotated[int, Field(ge=1, le=1000, description="Results on a page.")] = 100


def paged(count: int, query: PageQuery, results: Sequence[T]) -> dict[str, Any]:
    """Return a page's columns; ``results`` are those of this page alone."""
    last = max(1, math.ceil(count / query.page_size))
    if query.page > last:
        raise NotFound("Invalid page.")
    return {
        "count": count,
        "next": _address(query.page + 1) if query.page < last else None,
        "previous": _address(query.page - 1) if query.page > 1 else None,
        "results": list(results),
    }


def slice_of(rows: Sequence[T], query: PageQuery) -> Sequence[T]:
    """Return the rows of a page."""
    start = (query.page - 1) * query.page_size
    return rows[start : start + query.page_size]


def ordered(
    rows: Sequence[T], ordering: str | None, keys: dict[str, Callable[[T], Any]]
) -> list[T]:
    """Return rows in the order of comma-separated fields, "-" for descending.

    Unknown fields are passed over, as Django REST framework does; None comes last.
    """
    found = list(rows)
    for name in reversed((ordering or "").split(",")):
        field, descending = name.strip().lstrip("-"), name.strip().startswith("-")
        key = keys.get(field)
        if key is None:
            continue
        known = [row for row in found if key(row) is not None]
        unknown = [row for row in found if key(row) is None]
        known.sort(key=key, reverse=descending)
        found = known + unknown
    return found


def _address(page: int) -> str:
    from urllib.parse import urlencode

    arguments = {**request.args.to_dict(), "page": str(page)}
    return f"{request.base_url}?{urlencode(arguments)}"


def _whole_list(value: str) -> str:
    for each in value.split(","):
        if not (each.strip().isascii() and each.strip().isdigit() and len(each.strip()) < 10):
            raise ValueError("expected numbers, separated by commas")
    return value


Ids = Annotated[
    str, AfterValidator(_whole_list), Field(pattern=r"^\s*\d{1,9}\s*(,\s*\d{1,9}\s*)*$")
]
"""Numbers in a query, separated by commas."""


def numbers(value: str | None) -> list[int]:
    """Return the numbers of an ``Ids`` without repetitions."""
    return list(dict.fromkeys(int(each) for each in value.split(","))) if value else []
