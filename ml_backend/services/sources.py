"""Where the prompt of a connected project comes from; the first source that exists counts.

1. the URL the backend was connected with: ``/prompts/7`` or ``/prompts/7/versions/3``;
2. the extra parameters of the connection: ``{"prompt": <id|title>, "version": <id|title>}``, or
   that as text, or the id or title alone;
3. the active version of the prompt associated with the project. Of several prompts the one whose
   run for all tasks was completed last, else the newest: saving a draft changes nothing live.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.records import Prompt, PromptVersion, RunStatus, Slot, Subset
from ml_backend.services.prompts import Prompts
from ml_backend.store import Store

Ref = int | str

LARGEST_ID = 2**31 - 1
"""Of any id in a database column; a larger number is never one."""


@dataclass(frozen=True, slots=True)
class Address:
    """What the URL a backend was connected with names, as it stands there; "" for nothing."""

    prompt: str = ""
    version: str = ""

    @property
    def path(self) -> str:
        """The address as a path: one project may be connected under several."""
        if not self.prompt:
            return ""
        tail = f"/versions/{self.version}" if self.version else ""
        return f"prompts/{self.prompt}{tail}"


class Sources:
    """Finds the prompt version that serves a project; reads the store alone."""

    def __init__(self, store: Store, prompts: Prompts) -> None:
        self._store = store
        self._prompts = prompts

    def version_for(
        self, project_id: int, address: Address, extra_params: object
    ) -> tuple[Prompt, PromptVersion]:
        """Return the prompt and version that serve a project.

        Raises NotFound when a source names what is not there or no source exists, InvalidInput
        for extra parameters that cannot be read.
        """
        if address.prompt:
            return self._named(address.prompt, address.version or None)
        prompt_ref, version_ref = read_extra_params(extra_params)
        if prompt_ref is not None:
            return self._named(prompt_ref, version_ref)
        prompt = self._live_prompt(project_id)
        return prompt, self._version(prompt, version_ref)

    def versions_at(self, address: Address) -> list[tuple[Prompt, PromptVersion]]:
        """Return every prompt version an address could serve, oldest first."""
        if address.prompt and address.version:
            return [self._named(address.prompt, address.version)]
        prompts = [self._prompt(address.prompt)] if address.prompt else self._store.prompts.all()
        return [
            (prompt, version)
            for prompt in prompts
            for version in self._store.prompts.versions(prompt.id)
        ]

    def _named(self, prompt: Ref, version: Ref | None) -> tuple[Prompt, PromptVersion]:
        found = self._prompt(prompt)
        return found, self._version(found, version)

    def _prompt(self, ref: Ref) -> Prompt:
        """Return a prompt by id, else by title: an id in a URL never changes hands."""
        number = _to_id(ref)
        found = self._store.prompts.find(number) if number is not None else None
        return found or self._prompts.find(str(ref)[:200])

    def _version(self, prompt: Prompt, ref: Ref | None) -> PromptVersion:
        number = _to_id(ref)
        for version in self._store.prompts.versions(prompt.id) if number is not None else ():
            if version.id == number:
                return version
        return self._prompts.find_version(prompt, None if ref is None else str(ref)[:200])

    def _live_prompt(self, project_id: int) -> Prompt:
        prompts = self._store.prompts.of_project(project_id)
        if not prompts:
            raise NotFound(
                f"Project {project_id} has no prompt yet.",
                field="project",
                fix=f"Create one: ls-prompts prompts create TITLE --project {project_id}",
            )
        if len(prompts) > 1:
            live = {prompt.id: prompt for prompt in prompts}
            for run in self._store.runs.search(project_id=project_id):
                if (
                    run.prompt_id in live
                    and run.status is RunStatus.COMPLETED
                    and run.slot is Slot.ALL
                    and run.subset is Subset.ALL
                    and run.options.get("activate") is not False
                ):
                    return live[run.prompt_id]
            # A prompt being written, without any version, does not push out one that has some.
            ready = [prompt for prompt in prompts if self._store.prompts.versions(prompt.id)]
            prompts = ready or prompts
        return prompts[-1]


def read_extra_params(value: object) -> tuple[Ref | None, Ref | None]:
    """Return the prompt and the version that extra parameters name, each None when they do not.

    Label Studio passes any JSON on; its form is a text area, so an object may come as text.
    """
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None, None
        try:
            value = json.loads(text)
        except ValueError as error:
            if text[0] in "{[":
                raise InvalidInput(
                    f"The extra parameters are not valid JSON: {error}.",
                    field="extra_params",
                    fix=_EXAMPLE,
                ) from error
            return text, None
        except RecursionError as error:
            raise _unreadable() from error
    if value is None or value == {} or value == []:
        return None, None
    if isinstance(value, dict):
        return _ref(value.get("prompt"), "prompt"), _ref(value.get("version"), "version")
    if isinstance(value, int | str) and not isinstance(value, bool):
        return value, None
    raise _unreadable()


def _ref(value: Any, field: str) -> Ref | None:
    if value is None or value == "":
        return None
    if isinstance(value, int | str) and not isinstance(value, bool):
        return value
    raise InvalidInput(
        f"In the extra parameters {field!r} must be an id or a title.", field=field, fix=_EXAMPLE
    )


def _unreadable() -> InvalidInput:
    return InvalidInput(
        "The extra parameters must be an object.", field="extra_params", fix=_EXAMPLE
    )


def _to_id(ref: Ref | None) -> int | None:
    """Return a reference as a possible row id; None when it cannot be one."""
    if isinstance(ref, str):
        if not (ref.isascii() and ref.isdigit() and len(ref) <= 10):
            return None
        ref = int(ref)
    return ref if ref is not None and 0 < ref <= LARGEST_ID else None


_EXAMPLE = 'For example {"prompt": "My prompt"}.'
