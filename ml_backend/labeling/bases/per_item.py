"""A control that is asked once for each page of an image (``perItem``)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ml_backend.labeling.bases.control import Agreement, Control, Data, Reading, shown
from ml_backend.labeling.bases.evidence import Evidence
from ml_backend.labeling.bases.nulls import or_null
from ml_backend.labeling.bases.room import PICTURE
from ml_backend.labeling.objects.image import Image
from ml_backend.labeling.task_data.values import to_number
from ml_backend.records import JsonObject, Region


class PerItem(Control):
    """Normal form: a list with one answer of the control for each page, None where it says none."""

    tag = "perItem"

    def __init__(self, control: Control, image: Image) -> None:
        self._control = self.asked = control
        self._image = image
        self.name, self.to_name, self.objects = control.name, control.to_name, control.objects
        self.must_answer = control.must_answer
        self.per_region = False
        self.conditions = control.conditions
        self.known_to_import = control.known_to_import

    @property
    def depends_on_data(self) -> bool:
        return True

    @property
    def classes(self) -> tuple[str, ...]:
        return self._control.classes

    def most_items(self, data: Data) -> int | None:
        return self._image.page_count(data)

    def notes(self, known: Collection[str]) -> list[str]:
        return self._control.notes(known)

    def schema(self, data: Data) -> JsonObject:
        return {"type": self.nullable("array"), "items": self._control.schema(data)}

    def describe(self, data: Data) -> str:
        pages = self._image.page_count(data)
        asked = self._control.describe(data)
        return f'a list of {pages}, one for each page of "{self._image.field}" in order: {asked}'

    def to_regions(self, answer: object, data: Data) -> Reading:
        pages = self._image.page_count(data)
        if answer is None:
            return Reading()
        if not isinstance(answer, list):
            return Reading(problems=(f"A list was expected, not {shown(answer)}.",))
        regions: list[Region] = []
        problems: list[str] = []
        if len(answer) > pages:
            problems.append(f"There are {pages} pages, not {len(answer)}: the rest is left out.")
        for page, part in enumerate(answer[:pages]):
            reading = self._control.to_regions(or_null(self.asked, part, data), data)
            problems += [f"Page {page + 1}: {message}" for message in reading.problems]
            regions += [self._on_page(region, page) for region in reading.regions]
        lacking = self._lacking(regions, pages)
        if self.must_answer and lacking:
            problems.append(f"Each page must be answered; {lacking} of {pages} are not.")
            regions = []
        return Reading(regions, tuple(problems), answered=bool(regions))

    def _on_page(self, region: Region, page: int) -> Region:
        return {**region, "id": f"{region['id']}p{page}", "item_index": page}

    @staticmethod
    def _lacking(regions: Sequence[Region], pages: int) -> int:
        return pages - len({region["item_index"] for region in regions})

    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        by_page: dict[int, list[Region]] = {}
        for region in regions:
            page = to_number(region.get("item_index") or 0)
            if isinstance(page, int) and page >= 0:
                by_page.setdefault(page, []).append(region)
        if not by_page:
            return None
        pages = max(self._image.page_count(data), max(by_page) + 1 if max(by_page) < 10_000 else 0)
        return [self._control.to_answer(by_page.get(page, []), data) for page in range(pages)]

    def unreadable(self, regions: Sequence[Region], data: Data) -> list[str]:
        pages = max(1, self._image.page_count(data))
        wrong = [each for each in regions if not _is_page(each.get("item_index"), pages)]
        beyond = [f'"item_index" of a region is no page from 0 to {pages - 1}' for _ in wrong]
        return beyond + self._control.unreadable(regions, data)

    def room(self, data: Data, length: int) -> int:
        words = PICTURE if self._control.is_free_text else 0
        return self._image.page_count(data) * self._control.room(data, words)

    def compare(self, answer: Any, truth: Any, data: Data | None) -> Agreement:
        """Exact: every page that the truth answers agrees. Score: their mean."""
        wanted = truth if isinstance(truth, list) else []
        given = answer if isinstance(answer, list) else []
        found = []
        for page, right in enumerate(wanted):
            if right in (None, []):
                continue
            left = given[page] if page < len(given) else None
            found.append(
                Agreement.exact(False) if left is None else self._control.compare(left, right, data)
            )
        score = sum(each.score for each in found) / len(found) if found else 1.0
        return Agreement(all(each.correct for each in found), score)

    def evidence(self, answer: Any, truth: Any, data: Data | None) -> Evidence:
        """That of all pages the truth answers."""
        given = answer if isinstance(answer, list) else []
        found = Evidence()
        for page, right in enumerate(truth if isinstance(truth, list) else []):
            if right not in (None, []):
                left = given[page] if page < len(given) else None
                found.add(self._control.evidence(left, right, data))
        return found

    def selected(self, regions: Sequence[Region], data: Data) -> set[str]:
        return self._control.selected(regions, data)

    def may_be_imported(self, region: Region) -> bool:
        return self._control.may_be_imported(region)


def _is_page(given: object, pages: int) -> bool:
    page = to_number(given or 0)
    return isinstance(page, int) and 0 <= page < pages
