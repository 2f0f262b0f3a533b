"""What the models of the API say of their fields: the texts that stand below them in the code.

pydantic could read them itself, but would do so for each class when the server starts.
"""

from __future__ import annotations

import ast
import pkgutil
from pathlib import Path

from ml_backend.web.api import wire


def field_words() -> dict[str, dict[str, str]]:
    """Return model -> field -> text."""
    found: dict[str, dict[str, str]] = {}
    for folder in wire.__path__:
        for module in pkgutil.iter_modules([folder]):
            tree = ast.parse((Path(folder) / f"{module.name}.py").read_text())
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    found[node.name] = _words_of(node)
    return found


def _words_of(model: ast.ClassDef) -> dict[str, str]:
    words = {}
    for field, text in zip(model.body, model.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            words[field.target.id] = " ".join(str(text.value.value).split())
    return words
