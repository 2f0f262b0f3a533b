"""What label-studio-ml 2.x does with a model class: the real package where it is, or its like.

Its ``init_app`` makes a model for each request and calls it in a fixed order; the stand-in keeps
that order, and has of the package's classes what the order depends on.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PLAIN, STAND_IN, PACKAGE = "no package", "stand-in", "label-studio-ml"
HOSTS = [PLAIN, STAND_IN]
if importlib.util.find_spec("label_studio_ml") is not None:
    HOSTS.append(PACKAGE)
"""Ways to host a model that can be tried here: the package is on no registry."""


class StandInBase:
    """Stands for ``label_studio_ml.model.LabelStudioMLBase``."""

    def __init__(self, project_id: str | None = None, label_config: str | None = None) -> None:
        raise AssertionError("its cache would be a second truth beside our store")


@dataclass
class StandInResponse:
    """Stands for ``label_studio_ml.response.ModelResponse``."""

    model_version: str
    predictions: list[Any]


class Host:
    """Label Studio's calls, answered by a model class in one of the ways of HOSTS."""

    def __init__(self, way: str, monkeypatch: pytest.MonkeyPatch, scratch: Path) -> None:
        self.way = way
        if way == PACKAGE:
            monkeypatch.setenv("MODEL_DIR", str(scratch))  # its cache, made when it is imported
        else:
            for name, module in _modules(way).items():
                monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.delitem(sys.modules, "ml_backend.model", raising=False)
        self.module = importlib.import_module("ml_backend.model")
        self.model_class = self.module.PromptModel

    def setup(self, project: str, config: str, extra_params: Any = None) -> str:
        """POST /setup: the model version; raises AssertionError with what went wrong."""
        if self.way == PACKAGE:
            body = {"project": project, "schema": config, "extra_params": extra_params}
            return str(self._post("/setup", body)["model_version"])
        model = self._model(project, config)
        if extra_params:
            model.set_extra_params(extra_params)
        return str(model.get("model_version"))

    def predict(self, project: str, config: str, tasks: list[Any], **params: Any) -> list[Any]:
        """POST /predict: the results, as JSON."""
        if self.way == PACKAGE:
            body = {"tasks": tasks, "project": project, "label_config": config, "params": params}
            found: list[Any] = self._post("/predict", body)["results"]
            return found
        context = params.pop("context", {})
        response = self._model(project, config).predict(tasks, context=context, **params)
        if not is_dataclass(response):
            return list(response)
        results = asdict(response)["predictions"]
        return [each.model_dump() if each != [] else [] for each in results]

    def webhook(self, body: dict[str, Any]) -> Any:
        """POST /webhook with an event it hands on: what ``fit`` returned."""
        if self.way == PACKAGE:
            return self._post("/webhook", body)["result"]
        event = body.pop("action")
        model = self._model(str(body["project"]["id"]), body["project"]["label_config"])
        return model.fit(event, body)

    def _model(self, project: str, config: str) -> Any:
        return self.model_class(project_id=project.split(".", 1)[0], label_config=config)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        from label_studio_ml.api import init_app

        response = init_app(self.model_class).test_client().post(path, json=body)
        assert response.status_code < 300, response.json["detail"]
        return response.json


def _modules(way: str) -> dict[str, ModuleType | None]:
    names = ("label_studio_ml", "label_studio_ml.model", "label_studio_ml.response")
    if way == PLAIN:
        return dict.fromkeys(names)
    package, model, response = map(ModuleType, names)
    model.LabelStudioMLBase = StandInBase  # type: ignore[attr-defined]
    response.ModelResponse = StandInResponse  # type: ignore[attr-defined]
    return dict(zip(names, (package, model, response), strict=True))
