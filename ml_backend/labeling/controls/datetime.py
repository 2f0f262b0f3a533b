"""``<DateTime>``: a date, a time or both, asked for in ISO form and stored in the tag's format.

Label Studio's editor reads what it stored back with the same format (tags/control/DateTime), so
the RFC 3339 text that its SDK asks for shows as empty.
"""

from __future__ import annotations

import datetime as calendar
import re
from collections.abc import Sequence
from typing import Any

from ml_backend.labeling.bases.control import Control, Data, Reading, last_value, shown
from ml_backend.labeling.bases.room import NUMBER
from ml_backend.labeling.markup.tags import Tag
from ml_backend.labeling.task_data.object_tag import ObjectTag
from ml_backend.records import JsonObject, Region

_FULL, _DATE, _TIME = "%Y-%m-%dT%H:%M", "%Y-%m-%d", "%H:%M"
_ISO_DATE = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
_ISO_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?")
_ZONE = re.compile(r"(?<!\s)\s*+(?:Z|[+-]\d{2}:?\d{2})$")
_PADDING = re.compile(r"%[-_0]([a-zA-Z])")


class DateTime(Control):
    """Normal form: "2024-05-01T10:30", "2024-05-01", "2024-05", "2024" or "10:30", or None."""

    tag = "DateTime"
    example = (
        '<DateTime name="day" toName="text" only="date" format="%d.%m.%Y"/>',
        {"day": "2024-05-01"},
    )

    def __init__(self, tag: Tag, objects: Sequence[ObjectTag]) -> None:
        super().__init__(tag, objects)
        only = tag.get("only").lower()
        self.has_date = not only or "date" in only
        self.has_time = not only or "time" in only
        self.has_month = "month" in only and not self.has_date
        self.has_year = "year" in only and not self.has_date
        self.format = tag.get("format") or (_FULL if self.has_time else _DATE)
        self.is_time = only == "time"
        self.least, self.most = tag.get("min"), tag.get("max")

    @property
    def _shape(self) -> str:
        if self.is_time:
            return "HH:MM"
        if not self.has_date:
            return "YYYY-MM" if self.has_month else "YYYY"
        return "YYYY-MM-DDTHH:MM" if self.has_time else "YYYY-MM-DD"

    @property
    def has_one_value(self) -> bool:
        return True

    def schema(self, data: Data) -> JsonObject:
        return {"type": self.nullable("string")}

    def room(self, data: Data, length: int) -> int:
        return NUMBER

    def describe(self, data: Data) -> str:
        what = "a time" if self.is_time else "a date and time" if self.has_time else "a date"
        limits = [f"{self.least} or later"] if self.least else []
        limits += [f"{self.most} or earlier"] if self.most else []
        return self.or_null(", ".join([f"{what} in the form {self._shape}", *limits]))

    def to_regions(self, answer: object, data: Data) -> Reading:
        if answer is None or answer == "":
            return Reading()
        if isinstance(answer, int) and not isinstance(answer, bool) and 0 < answer < 10_000:
            answer = str(answer)
        moment = self._read(answer) if isinstance(answer, str) else None
        if moment is None:
            return Reading(problems=(f"{shown(answer)} is not of the form {self._shape}.",))
        wrong = self._out_of_bounds(moment)
        if wrong:
            return Reading(problems=(wrong,))
        stored = moment.strftime(_TIME if self.is_time else _python_format(self.format))
        lost = self._lost(str(answer), moment)
        said = (
            (f"Of {shown(answer)} {lost} is left out: the form is {self._shape}.",) if lost else ()
        )
        return Reading([self.region({"datetime": stored})], said, answered=True)

    def _lost(self, answer: str, moment: calendar.datetime) -> str:
        """What an ISO text says beyond what this control asks for; noughts say nothing."""
        zone = _ZONE.search(answer.strip())
        text = _ZONE.sub("", answer.strip())
        date, _, time = text.replace(" ", "T", 1).rpartition("T") if ":" in text else (text, "", "")
        parts = [int(part) for part in re.findall(r"\d+", time)]
        kept = [moment.hour, moment.minute] if self.has_time else []
        if any(parts[len(kept) :]):
            return "the time" if not kept else "what is finer than minutes"
        if self.is_time and date:
            return "the date"
        given = [int(part) for part in re.findall(r"\d+", date)]
        if date and given[1:] and not self.has_date:
            rest = given[2:] if self.has_month else given[1:]
            if any(part > 1 for part in rest):
                return "the day" if self.has_month else "month and day"
        offset = zone.group().strip() if zone else ""
        return "the time zone" if kept and any(char in "123456789" for char in offset) else ""

    def _read(self, answer: str) -> calendar.datetime | None:
        """The moment an ISO text names, as far as this control asks for it."""
        text = _ZONE.sub("", answer.strip())
        if self.is_time:
            return _moment("2000-01-01", text.rpartition("T")[2])
        date, _, time = text.replace(" ", "T", 1).partition("T")
        if (self.has_date and len(date) < 8) or (time and not _ISO_TIME.fullmatch(time)):
            return None
        moment = _moment(date, time if time and self.has_time else "00:00")
        if moment is None or self.has_date:
            return moment
        return moment.replace(month=moment.month if self.has_month else 1, day=1)

    def _normal(self, moment: calendar.datetime) -> str:
        if self.is_time:
            return moment.strftime(_TIME)
        if not self.has_date:
            return moment.strftime("%Y-%m" if self.has_month else "%Y")
        return moment.strftime(_FULL if self.has_time else _DATE)

    def _out_of_bounds(self, moment: calendar.datetime) -> str:
        if self.is_time:
            return ""  # the editor checks dates only
        date = moment.strftime("%Y" if self.has_year else _DATE)
        if self.least and date < self.least:
            return f"{date} is before {self.least}, the earliest allowed."
        if self.most and date > self.most:
            return f"{date} is after {self.most}, the latest allowed."
        return ""

    def to_answer(self, regions: Sequence[Region], data: Data) -> Any:
        stored = last_value(regions, "datetime")
        if not isinstance(stored, str):
            return None
        text = stored.strip()
        try:
            form = _TIME if self.is_time else _python_format(self.format)
            return self._normal(calendar.datetime.strptime(text, form))
        except ValueError:
            moment = self._read(text)
            return None if moment is None else self._normal(moment)


def _moment(date: str, time: str) -> calendar.datetime | None:
    days, hours = _ISO_DATE.fullmatch(date), _ISO_TIME.fullmatch(time)
    if not days or not hours:
        return None
    year, month, day = (int(part or 1) for part in days.groups())
    if year < 1000:
        return None  # Python writes it with fewer digits than it reads
    try:
        return calendar.datetime(year, month, day, int(hours[1]), int(hours[2]))
    except ValueError:
        return None


def _python_format(form: str) -> str:
    """A d3 time format as Python has it: padding is read and written in the default way."""
    return _PADDING.sub(r"%\1", form).replace("%e", "%d").replace("%L", "%f")
