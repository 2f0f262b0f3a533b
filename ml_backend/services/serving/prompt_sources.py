"""Where the prompt of a connected project comes from; the first source that exists counts.

1. the text a person typed into a ``<TextArea name="prompt…">``, in interactive mode;
2. the URL the backend was connected with: ``/prompts/7`` or ``/prompts/7/versions/3``;
3. the extra parameters of the connection: ``{"prompt": <id|title|text>, "version": <id|title>,
   "model": <name>}``, or that as text, or the id, title or text alone;
4. the active version of the prompt associated with the project. Of several prompts the one whose
   run for all tasks was completed last, else the newest: saving a draft changes nothing live;
5. the project's labeling instructions: what people read is what the model gets.

A text from (3) and (5) becomes a version by its content, so every prediction has one to point at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ml_backend.errors import InvalidInput, NotFound
from ml_backend.labeling.bases.control import content_id
from ml_backend.next_steps import Step
from ml_backend.records import Origin, Prompt, PromptVersion, Region, RunStatus, Slot, Subset
from ml_backend.services.project_identity import ProjectIdentity
from ml_backend.services.prompts.from_project import ProjectPrompts
from ml_backend.services.prompts.prompts import Prompts
from ml_backend.services.serving.extra_params import (
    EXAMPLE,
    ExtraParams,
    Ref,
    is_text,
    read_extra_params,
)
from ml_backend.store import Store

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

    @classmethod
    def from_path(cls, path: str) -> Address:
        """Return the address that has this path; undoes ``path``."""
        head, _, tail = path.removeprefix("prompts/").partition("/versions/")
        return cls(head, tail)


class PromptSources:
    """Finds the prompt version that serves a project.

    ``read_instruction`` gives a project's labeling instructions as text, "" for none; it is called
    when no other source exists.
    """

    def __init__(
        self,
        store: Store,
        prompts: Prompts,
        written: ProjectPrompts,
        read_instruction: Callable[[int], str],
    ) -> None:
        self._store = store
        self._prompts = prompts
        self._written = written
        self._read_instruction = read_instruction
        self._identity = ProjectIdentity(store)

    def version_for(
        self,
        project_id: int,
        address: Address,
        extra_params: object,
        made_at: datetime | None = None,
        *,
        keep: bool = True,
    ) -> tuple[Prompt, PromptVersion]:
        """Return the prompt and version that serve a project, by sources 2 to 5.

        Only prompts that are the project's own are found. ``made_at`` says which project of this
        number it is, where that is known; a text nobody knows yet is kept only if ``keep``.
        Raises NotFound when a source names what is not there or no source exists, InvalidInput for
        extra parameters that cannot be read, AnotherProject for a prompt made for another project.
        """
        found = self._found(project_id, address, extra_params, made_at, keep)
        self._identity.check_number(found[0].id, project_id, made_at)
        return found

    def _found(
        self,
        project_id: int,
        address: Address,
        extra_params: object,
        made_at: datetime | None,
        keep: bool,
    ) -> tuple[Prompt, PromptVersion]:
        if address.prompt:
            return self._named(project_id, address.prompt, address.version or None)
        wanted = read_extra_params(extra_params)
        if wanted.prompt is not None:
            return self._wanted(project_id, wanted, keep)
        prompt = self._live_prompt(project_id, made_at)
        if prompt is not None:
            return prompt, self._of_model(self._version(prompt, wanted.version), wanted)
        instruction = self._read_instruction(project_id).strip()
        if not instruction:
            raise NotFound(
                f"Project {project_id} has no prompt yet.",
                field="project",
                fix="Write labeling instructions in Label Studio (Settings > Annotation), or "
                f"create a prompt. {Step.CREATE_PROMPT_FOR(project=project_id)}",
            )
        _refuse_version(wanted)
        return self._written.version(
            project_id, Origin.INSTRUCTIONS, instruction, wanted.model, keep=keep
        )

    def ephemeral(self, text: str, like: PromptVersion | None) -> PromptVersion:
        """Return a version for a text typed in the editor, answered by the model of another."""
        return self._written.ephemeral(text, like)

    def versions_at(
        self, address: Address, project_ids: Collection[int] | None
    ) -> list[tuple[Prompt, PromptVersion]]:
        """Return every prompt version an address could serve in projects, oldest first.

        None for projects means any.
        """
        prompts = self._store.prompts.all()
        if project_ids is not None:
            prompts = [
                each for each in prompts if not set(project_ids).isdisjoint(each.project_ids)
            ]
        if address.prompt:
            prompts = [_require(_one_of(prompts, address.prompt), address.prompt)]
        if address.prompt and address.version:
            return [(prompts[0], self._version(prompts[0], address.version))]
        return [
            (prompt, version)
            for prompt in prompts
            for version in self._store.prompts.versions(prompt.id)
        ]

    def _wanted(
        self, project_id: int, wanted: ExtraParams, keep: bool
    ) -> tuple[Prompt, PromptVersion]:
        """Return what extra parameters name, or the version their text becomes."""
        assert wanted.prompt is not None  # nosec B101  # for types
        try:
            prompt, version = self._named(project_id, wanted.prompt, wanted.version)
        except NotFound as error:
            known = self._find(project_id, wanted.prompt) is not None
            if known or not isinstance(wanted.prompt, str):
                raise
            if not is_text(wanted.prompt):
                error.fix = f"{error.fix} A prompt's text has a {{variable}} or several words."
                raise
            _refuse_version(wanted)
            return self._written.version(
                project_id, Origin.EXTRA_PARAMS, wanted.prompt.strip(), wanted.model, keep=keep
            )
        return prompt, self._of_model(version, wanted)

    @staticmethod
    def _of_model(version: PromptVersion, wanted: ExtraParams) -> PromptVersion:
        if wanted.model in (None, version.model):
            return version
        raise InvalidInput(
            f"The extra parameters ask for the model {wanted.model!r}, but version "
            f"{version.title!r} is answered by {version.model!r}.",
            field="model",
            fix="Make a version with that model; 'model' goes with a prompt's text.",
        )

    def _named(
        self, project_id: int, prompt: Ref, version: Ref | None
    ) -> tuple[Prompt, PromptVersion]:
        found = _require(self._find(project_id, prompt), prompt, project_id)
        return found, self._version(found, version)

    def _find(self, project_id: int, ref: Ref) -> Prompt | None:
        """Return a prompt of a project; whether another project has it is nobody's business."""
        return _one_of(self._store.prompts.of_project(project_id), ref)

    def _version(self, prompt: Prompt, ref: Ref | None) -> PromptVersion:
        number = _to_id(ref)
        for version in self._store.prompts.versions(prompt.id) if number is not None else ():
            if version.id == number:
                return version
        return self._prompts.find_version(prompt, None if ref is None else str(ref)[:200])

    def _live_prompt(self, project_id: int, made_at: datetime | None) -> Prompt | None:
        prompts = [
            prompt
            for prompt in self._store.prompts.of_project(project_id)
            if prompt.origin is Origin.BY_HAND
        ]
        # Those of a project that had the number before push out none of this one.
        known = made_at or self._identity.known(project_id)
        here = [each for each in prompts if not self._is_strangers(each, project_id, known)]
        prompts = here or prompts
        if len(prompts) > 1:
            live = {prompt.id: prompt for prompt in prompts}
            for run in self._store.runs.search(project_id=project_id):
                if (
                    run.prompt_id in live
                    and run.status is RunStatus.COMPLETED
                    and run.slot is Slot.ALL
                    and run.subset is Subset.ALL
                    and run.options.activate is not False
                ):
                    return live[run.prompt_id]
            # A prompt being written, without any version, does not push out one that has some.
            ready = [prompt for prompt in prompts if self._store.prompts.versions(prompt.id)]
            prompts = ready or prompts
        return prompts[-1] if prompts else None

    def _is_strangers(self, prompt: Prompt, project_id: int, made_at: datetime | None) -> bool:
        return self._identity.is_another(prompt.id, project_id, made_at)


def _one_of(prompts: Sequence[Prompt], ref: Ref) -> Prompt | None:
    """Return a prompt by id, else by title: an id in a URL never changes hands."""
    number, title = _to_id(ref), str(ref)
    by_id = (each for each in prompts if each.id == number)
    return next(by_id, next((each for each in prompts if each.title == title), None))


def _require(found: Prompt | None, ref: Ref, project_id: int | None = None) -> Prompt:
    if found is not None:
        return found
    where = "" if project_id is None else f" of project {project_id}"
    step = Step.LIST_PROMPTS() if project_id is None else Step.ASSOCIATE_PROMPT(project=project_id)
    raise NotFound(f"There is no prompt {str(ref)[:200]!r}{where}.", field="prompt", fix=step)


def typed_prompt(context: object, prompt_areas: Sequence[str]) -> str:
    """Return the prompt a person typed, from the context of an interactive request; "" for none.

    The context is the client's own JSON: ``{"result": [regions]}``, maybe once more in
    "context". Several texts are joined by line ends, as the ``llm_interactive`` example does.
    """
    texts: list[str] = []
    for region in _regions(context):
        value = region.get("value")
        text = value.get("text") if isinstance(value, Mapping) else None
        if region.get("from_name") in prompt_areas and text is not None:
            texts += text if isinstance(text, list) else [text]
    return "\n".join(text for text in texts if isinstance(text, str)).strip()


def typed_regions(context: object, prompt_areas: Mapping[str, str]) -> tuple[Region, ...]:
    """Return the prompt's own regions, to be given back: an answer replaces what stood there.

    ``prompt_areas`` has the names of the text areas and of the objects they belong to.
    """
    typed = {name: typed_prompt(context, [name]) for name in prompt_areas}
    return tuple(
        {
            "id": content_id([name, prompt_areas[name], text]),
            "from_name": name,
            "to_name": prompt_areas[name],
            "type": "textarea",
            "value": {"text": [text]},
        }
        for name, text in typed.items()
        if text
    )


def _regions(context: object) -> list[Region]:
    if isinstance(context, Mapping) and "result" not in context:
        context = context.get("context")
    result = context.get("result") if isinstance(context, Mapping) else None
    return [each for each in result if isinstance(each, dict)] if isinstance(result, list) else []


def _refuse_version(wanted: ExtraParams) -> None:
    if wanted.version is not None:
        raise InvalidInput(
            f"The extra parameters name version {wanted.version!r}, but no prompt that has any.",
            field="version",
            fix=EXAMPLE,
        )


def _to_id(ref: Ref | None) -> int | None:
    """Return a reference as a possible row id; None when it cannot be one."""
    if isinstance(ref, str):
        if not (ref.isascii() and ref.isdigit() and len(ref) <= 10):
            return None
        ref = int(ref)
    return ref if ref is not None and 0 < ref <= LARGEST_ID else None
