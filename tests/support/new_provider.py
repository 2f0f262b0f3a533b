"""A provider that is one more file: found where the others are, known by what it says of itself."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml_backend.llm import facts_of, providers

NAME = "LiteLLM"
"""One of the names there are; its own module stands aside meanwhile."""
MODULE = """
from ml_backend.llm.provider_facts import *
from ml_backend.records import ProviderName

PROVIDER = ProviderFacts(
    ProviderName.LITELLM,
    "Brand New",
    secrets=(AUTH_TOKEN, CREDENTIALS),
    needs=(PROJECT, DEPLOYMENT),
    takes=(LOCATION,),
    address="https://brand-new.example/v1",
    example={"google_project_id": "my-project", "model": "new-1"},
    keys="https://brand-new.example/keys",
    documentation="https://brand-new.example/docs",
    documented="2026-11-11",
    looked_up=("its address", "its models"),
)
"""


@contextmanager
def new_provider(folder: Path) -> Iterator[None]:
    """Have a provider's file lie beside the others."""
    place = folder / "more_providers"
    place.mkdir()
    (place / f"{NAME.lower()}.py").write_text(MODULE)
    full = f"{providers.__name__}.{NAME.lower()}"
    before = sys.modules.pop(full, None)
    providers.__path__.insert(0, str(place))
    importlib.invalidate_caches()
    facts_of.cache_clear()
    try:
        yield
    finally:
        providers.__path__.remove(str(place))
        sys.modules.pop(full, None)
        if before is not None:
            sys.modules[full] = before
            setattr(providers, NAME.lower(), before)
        facts_of.cache_clear()
