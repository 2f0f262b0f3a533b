"""Write the control tags of docs/labeling-configs.md anew: `make docs`."""

from __future__ import annotations

from pathlib import Path

from ml_backend.labeling.controls import CONTROLS
from ml_backend.labeling.documentation import renewed

PAGE = Path(__file__).parent.parent / "docs" / "labeling-configs.md"

if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), CONTROLS), encoding="utf-8")
