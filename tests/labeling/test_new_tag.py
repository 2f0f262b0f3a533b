"""A new control tag is one file: one made up here is found, asked, converted and documented."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import run

import pytest

import ml_backend.labeling.controls

MODULE = '''
from ml_backend.labeling.bases.control import Control, Reading, last_value, shown


class Mood(Control):
    """Normal form: "up" or "down", or None."""

    tag = "Mood"
    example = ('<Mood name="mood" toName="text"/>', {"mood": "up"})

    def schema(self, data):
        return {"type": self.nullable("string"), "enum": ["up", "down", None]}

    def room(self, data, length):
        return 4

    def describe(self, data):
        return self.or_null('the mood: "up" or "down"')

    def to_regions(self, answer, data):
        if answer is None:
            return Reading()
        if answer not in ("up", "down"):
            return Reading(problems=(f"{shown(answer)} is no mood.",))
        return Reading([self.region({"mood": answer})], answered=True)

    def to_answer(self, regions, data):
        return last_value(regions, "mood")
'''

USE = """
import sys
from ml_backend.labeling import LabelingConfig, controls
controls.__path__.append(sys.argv[1])
found = controls.find_classes(controls.__name__, controls.__path__, controls.Control)
controls.CONTROLS.update(found)
from ml_backend.labeling.documentation import to_markdown

config = LabelingConfig.parse('''<View><Text name="t" value="$text"/>
<Mood name="m" toName="t" visibleWhen="choice-selected" whenTagName="c"/>
<Choices name="c" toName="t"><Choice value="A"/></Choices>
<Labels name="l" toName="t"><Label value="PER"/></Labels>
<Mood name="each" toName="t" perRegion="true"/></View>''')
data = {"text": "Ada"}
assert list(config.controls) == ["m", "c", "l"]
assert config.schema(data)["properties"]["m"]["enum"] == ["up", "down", None]
assert '"m" (only when "c" is answered; else null): the mood' in config.describe(data)
span = {"quote": "Ada", "occurrence": 1, "label": "PER", "each": "down"}
answer = {"m": "up", "c": "A", "l": [span]}
made = config.to_conversion(answer, data)
assert made.answer == answer, made
assert config.to_conversion({**answer, "c": None}, data).answer["m"] is None
assert made.result[-1]["type"] == "mood" and made.result[-1]["id"] == made.result[-2]["id"]
assert config.compare(answer, answer)["m"].correct
assert config.to_conversion({"m": "sideways", "c": "A"}, data).problems[0].control == "m"
assert "### Mood" in to_markdown(controls.CONTROLS)
"""


@pytest.mark.slow
def test_a_file_is_all_a_new_control_tag_needs(tmp_path: Path) -> None:
    (tmp_path / "mood.py").write_text(MODULE)
    made = run([sys.executable, "-c", USE, str(tmp_path)], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr


def test_each_file_of_the_folder_is_a_tag() -> None:
    folder = Path(ml_backend.labeling.controls.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert files == set(ml_backend.labeling.controls.CONTROLS)
