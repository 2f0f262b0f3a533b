"""The server as a model class of label-studio-ml 2.x, for those who host their backends with it.

    from label_studio_ml.api import init_app
    from ml_backend.model import PromptModel

    app = init_app(PromptModel)

All models of a process share one set of parts, made from the environment when the first of them
is. docs/hosting-with-label-studio-ml.md says what Label Studio gets this way, and what only our
own server gives it.
"""

from __future__ import annotations

import atexit
import json
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ml_backend.container import Container
from ml_backend.errors import InvalidInput
from ml_backend.labelstudio.json_bodies import encode
from ml_backend.services.serving.prompt_sources import LARGEST_ID, Address
from ml_backend.services.serving.wire import to_project_id, to_results, to_task
from ml_backend.settings import Settings

try:
    from label_studio_ml.model import LabelStudioMLBase
    from label_studio_ml.response import ModelResponse
except ImportError:  # not there, or 1.x: that has no responses, and another interface
    LabelStudioMLBase = object
    ModelResponse = None

CLOSE_SECONDS = 2.0
ROOT = Address()
"""label-studio-ml has no paths, so no URL can name a prompt here."""

_lock = threading.Lock()
_opened: tuple[int, Container] | None = None


def shared_container() -> Container:
    """Return the parts all models of this process share, with their background work going on.

    Raises InvalidInput when a setting is missing. A fork gets parts of its own: neither threads
    nor database connections survive one.
    """
    global _opened
    with _lock:
        if _opened is None or _opened[0] != os.getpid():
            settings = Settings.from_env()
            settings.require_label_studio()
            container = Container(settings)
            _start(container)
            _opened = (os.getpid(), container)
        return _opened[1]


def close_shared() -> None:
    """Let go of what this process opened; the next model opens it anew."""
    global _opened
    with _lock:
        opened, _opened = _opened, None
    if opened is not None and opened[0] == os.getpid():
        opened[1].close(CLOSE_SECONDS)


atexit.register(close_shared)


def _start(container: Container) -> None:
    container.engine.start()
    for repeater in container.repeaters:
        repeater.start()
    warm_up = container.backend.warm_up
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()


class PromptModel(LabelStudioMLBase):  # type: ignore[misc]
    """What label-studio-ml makes for each request; it holds nothing but that request.

    The base class keeps label config and version in a cache of its own. Here they come from the
    project and from our store, so its constructor is not called.
    """

    _kept: ClassVar[dict[tuple[str, str], str]] = {}

    def __init__(self, project_id: str | None = None, label_config: str | None = None) -> None:
        self.project_id = project_id or ""
        self._label_studio_client = None
        self._label_config = ""
        self._extra_params: Any = None
        self._label = ""
        if label_config is not None:
            self.use_label_config(label_config)
        self.setup()

    def setup(self) -> None:
        """Open what the process shares; raises InvalidInput when a setting is missing."""
        self._container = shared_container()

    def use_label_config(self, label_config: str) -> None:
        """Answer for this labeling config, which is that of the request."""
        self._label_config = label_config

    def set_extra_params(self, extra_params: object) -> None:
        """Take the extra parameters of the connection: any JSON, or JSON as text."""
        self._extra_params = json.loads(encode(extra_params))
        self._label = ""

    @property
    def extra_params(self) -> Any:
        """The extra parameters of this project's connection, {} for none."""
        found = self._extra_params
        if found is None and self.project_id:
            contact = self._container.store.contacts.find(to_project_id(self.project_id), ROOT.path)
            found = contact["extra_params"] if contact else None
        if not isinstance(found, str):
            return {} if found is None else found
        try:
            return json.loads(found)
        except ValueError:
            return found

    @property
    def label_config(self) -> str:
        return self._label_config

    @property
    def model_version(self) -> str | None:
        """The version that ``predict`` writes; None for a model of no project."""
        return self.get("model_version")

    def get(self, key: str) -> str | None:
        """Return what is kept of the project.

        ``model_version`` is what label-studio-ml asks for in its ``/setup``: it is found anew, and
        what the connection said is remembered. Raises what a labeler must mend first.
        """
        if key == "label_config":
            return self._label_config or None
        if key != "model_version":
            return self._kept.get((self.project_id, key))
        if not self._label and self.project_id:
            self._label = self._container.backend.setup(
                to_project_id(self.project_id),
                ROOT,
                extra_params=self._extra_params,
                label_config=self._label_config,
            )
        return self._label or None

    def set(self, key: str, value: str) -> None:
        """Keep a text of the project for as long as the process runs."""
        if key == "model_version":
            raise InvalidInput(
                "The model version is that of the prompt.",
                field="model_version",
                fix="Make a new version of the prompt.",
            )
        if key == "label_config":
            self.use_label_config(value)
        else:
            self._kept[self.project_id, key] = value

    def has(self, key: str) -> bool:
        return self.get(key) is not None

    def predict(
        self, tasks: Sequence[Any], context: Mapping[str, Any] | None = None, **_params: Any
    ) -> Any:
        """Return one prediction for each task, in their order, as 2.x's ModelResponse.

        A task that failed or was not reached gets ``[]``, so that Label Studio stores the others
        and asks for it again. Without label-studio-ml it is the list alone, as plain JSON. Raises
        what makes all tasks fail alike, and with a ``context`` what a person there must be told.
        """
        known = [to_task(wire) for wire in tasks]
        answers = self._container.backend.predict(
            to_project_id(self.project_id),
            ROOT,
            [task for task in known if task is not None],
            label_config=self._label_config,
            context=context or None,  # label-studio-ml makes {} of none
        )
        self._label = answers.label
        entries = to_results(known, answers.label, answers.outcomes)
        if ModelResponse is None:
            return entries
        return ModelResponse(
            model_version=answers.label, predictions=[_value(entry) for entry in entries]
        )

    def fit(self, event: str, data: Mapping[str, Any], **_params: Any) -> dict[str, str]:
        """Queue an event as our own ``/webhook`` does; it is looked into in the background."""
        heard = self._container.events.hear(
            event,
            [to_project_id(self.project_id)],
            task_ids=_ids(data.get("task")),
            annotation_ids=_ids(data.get("annotation")),
        )
        return {"event": event, "heard": str(heard)}


def _value(entry: Any) -> Any:
    from label_studio_sdk.label_interface.objects import PredictionValue

    fields = {name: value for name, value in entry.items() if name != "task"} if entry else {}
    return PredictionValue(**fields) if fields else []


def _ids(row: object) -> list[int] | None:
    """Return the id of a row, None when it has none: then all of the project is read again."""
    found = row.get("id") if isinstance(row, Mapping) else None
    if isinstance(found, bool) or not isinstance(found, int):
        return None
    return [found] if 0 < found <= LARGEST_ID else None
