"""Labeling configs: what to ask of a model, and its answers as Label Studio's regions and back.

Pure: knows neither the network nor the store. One control tag is one file in ``controls/``,
one object tag one file in ``objects/``.
"""

from ml_backend.labeling.bases.control import Agreement, Control
from ml_backend.labeling.config import LabelingConfig
from ml_backend.labeling.conversion import Conversion
from ml_backend.labeling.task_data.object_tag import ObjectTag

__all__ = ["Agreement", "Control", "Conversion", "LabelingConfig", "ObjectTag"]
