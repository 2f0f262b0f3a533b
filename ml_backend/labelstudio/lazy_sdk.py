"""The SDK's client, without the 40 MB and half a second of pandas, which we ask nothing of."""

from __future__ import annotations

import importlib
import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio

_PANDAS = "pandas"
_LOADING = threading.Lock()


class _Deferred(ModuleType):
    """What stands for pandas in the SDK: the real one is loaded by the first that calls it.

    The SDK (2.0.x, ``projects/exports/client_ext.py``) needs it for one method, and names
    ``DataFrame`` in an annotation that is evaluated while it loads.
    """

    DataFrame = Any

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(_PANDAS), name)


def sdk_client() -> type[LabelStudio]:
    """The class ``LabelStudio`` of label_studio_sdk, loaded by the first call."""
    with _LOADING:
        deferred = _PANDAS not in sys.modules and "label_studio_sdk.projects" not in sys.modules
        if deferred:
            sys.modules[_PANDAS] = _Deferred(_PANDAS)
        try:
            # Its own import is lazy: the class is loaded by asking for it.
            from label_studio_sdk import LabelStudio
        finally:
            # Others who import it get the real one.
            if deferred:
                del sys.modules[_PANDAS]
        return LabelStudio
