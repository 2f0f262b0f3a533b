"""Versions that answer a run together: how they are asked for, and which they were."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ml_backend.errors import InvalidInput
from ml_backend.records import Cascade, Member, Vote
from ml_backend.services.runs.run_request import Together
from ml_backend.web.api.wire.parts import Given, Id, Shown


class TogetherGiven(Given):
    """Which versions answer together."""

    vote: Annotated[
        list[Id] | None,
        Field(
            max_length=9,
            description="Versions of the prompt that answer together, this one first: what most of "
            "them say is published, and how far they agree is the score; ours.",
        ),
    ] = None
    cascade: Annotated[
        list[Id] | None,
        Field(
            max_length=2,
            description="This version and another of the prompt, which is asked where this one is "
            "not sure; ours.",
        ),
    ] = None
    max_error: Annotated[
        float | None,
        Field(
            gt=0,
            lt=1,
            description="Of a cascade: have the score from which on the cheap version is sure "
            "chosen so that at most this share of its answers is wrong, by its evaluation on "
            "ground truth; ours.",
        ),
    ] = None
    certainty: Annotated[
        float | None, Field(ge=0.5, lt=1, description="Of max_error; null for 0.95; ours.")
    ] = None
    min_score: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            description="Of a cascade: the cheap version is sure from this score on; ours.",
        ),
    ] = None

    @property
    def together(self) -> Together | None:
        """What is asked for; raises InvalidInput where it contradicts itself."""
        if self.vote is not None and self.cascade is not None:
            raise InvalidInput("vote and cascade exclude each other.", field="vote")
        named = self.vote if self.vote is not None else self.cascade
        threshold = (self.min_score, self.max_error, self.certainty)
        if named is None:
            if any(each is not None for each in threshold):
                raise InvalidInput("A threshold goes with a cascade.", field="cascade")
            return None
        return Together(tuple(named), self.cascade is not None, *threshold)


class MemberAnswer(Shown):
    """One of the versions that answer a run together, as it was when the run began."""

    version: int
    title: str
    provider: str
    model: str

    @classmethod
    def of(cls, member: Member) -> MemberAnswer:
        asked = member.snapshot
        return cls(
            version=member.version_id,
            title=asked.version_title,
            provider=asked.provider.value if asked.provider else "",
            model=asked.model,
        )

    @classmethod
    def of_vote(cls, vote: Vote | None) -> list[MemberAnswer] | None:
        return [cls.of(each) for each in vote.members] if vote is not None else None


class CascadeAnswer(Shown):
    """When a cheap version's answer stands, and how many tasks were expected to go on."""

    cheap: MemberAnswer
    dear: MemberAnswer
    min_score: float
    max_error: float | None
    """What the threshold was chosen for; null where it was given."""
    certainty: float | None
    judged: int
    """Answers of the cheap version that it was chosen by."""
    promise: bool
    why: str
    """Why it is an estimate and no promise."""
    expected_to_go_on: float | None
    """The share of tasks; null where nothing told."""

    @classmethod
    def of(cls, cascade: Cascade | None) -> CascadeAnswer | None:
        if cascade is None:
            return None
        cheap, dear = map(MemberAnswer.of, cascade.members)
        return cls(
            cheap=cheap,
            dear=dear,
            min_score=cascade.min_score,
            max_error=cascade.max_error,
            certainty=cascade.certainty,
            judged=cascade.judged,
            promise=cascade.is_promise,
            why=cascade.why,
            expected_to_go_on=cascade.goes_on,
        )
