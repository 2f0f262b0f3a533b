"""The only place that talks to Label Studio; it knows neither prompts, runs nor the store."""

from ml_backend.labelstudio.addresses import tab_address, tab_data
from ml_backend.labelstudio.client import (
    CallerLabelStudio,
    LabelStudioClient,
    LabelStudioReader,
    ServerLabelStudio,
)
from ml_backend.labelstudio.connection import begin_haste, end_haste, in_haste
from ml_backend.labelstudio.files import CLOUD_SCHEMES, is_under_unknown_path
from ml_backend.labelstudio.records import (
    AnnotatedTask,
    Annotation,
    Backend,
    Place,
    PredictionKey,
    PredictionRow,
    Project,
    Sampling,
    Tab,
    User,
    Webhook,
)

__all__ = [
    "CLOUD_SCHEMES",
    "AnnotatedTask",
    "Annotation",
    "Backend",
    "CallerLabelStudio",
    "LabelStudioClient",
    "LabelStudioReader",
    "Place",
    "PredictionKey",
    "PredictionRow",
    "Project",
    "Sampling",
    "ServerLabelStudio",
    "Tab",
    "User",
    "Webhook",
    "begin_haste",
    "end_haste",
    "in_haste",
    "is_under_unknown_path",
    "tab_address",
    "tab_data",
]
