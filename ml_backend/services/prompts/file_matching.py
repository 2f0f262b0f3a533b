"""Which versions of a file a prompt has already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ml_backend.prompting.prompt_file import FileVersion, PromptFile
from ml_backend.records import PromptVersion


class Matching:
    """The versions a prompt has, as a file would have them."""

    def __init__(
        self, known: Sequence[tuple[PromptVersion, FileVersion]], given: PromptFile
    ) -> None:
        self._known = known
        self._here = {version.title for version, _ in known}
        self._taken = self._here | {each.title for each in given.versions}

    def find(self, given: FileVersion) -> PromptVersion | None:
        """Return the version that stands for a file's: of its title, or where that is another's."""
        if given.title not in self._here:
            return None
        same = [version for version, described in self._known if _asks_same(described, given)]
        of_title = [each for each in same if each.title == given.title]
        return next(iter(of_title or same), None)

    def free(self, title: str) -> str:
        """Return a title for a version that is added, the same where nothing here has it."""
        if title not in self._here:
            return title
        stem, _, number = title.rpartition(" ")
        stem, start = (stem, int(number)) if stem and number.isdecimal() else (title, 1)
        free = next(
            name
            for step in range(start + 1, start + 2 + len(self._taken))
            if (name := f"{stem} {step}") not in self._taken
        )
        self._taken.add(free)
        return free


def _asks_same(known: FileVersion, given: FileVersion) -> bool:
    """Return whether two are the same but for their titles and where a teacher began."""
    bare = replace(
        given,
        title=known.title,
        refined_from=known.refined_from,
        confidence=given.confidence or known.confidence,
    )
    return bare == known
