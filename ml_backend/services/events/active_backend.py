"""Which of a project's connections is the one that Label Studio uses now."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.store import Store

Contact = dict[str, Any]

PORTS = {"http": "80", "https": "443"}


def find_connection(store: Store, studio: ServerLabelStudio, project_id: int) -> Contact | None:
    """Return what the project's first ML backend that is this server said; None for none.

    A backend is this server when it has the host, port and path that Label Studio called us by.
    Asking makes Label Studio call ``/health`` and ``/setup`` of each.
    """
    contacts = {
        (_host(contact["host"]), str(contact["path"])): contact
        for contact in store.contacts.of_project(project_id)
    }
    if not contacts:
        return None
    for backend in sorted(studio.list_backends(project_id), key=lambda each: each.id):
        url = urlsplit(backend.url)
        host = url.netloc.rpartition("@")[2]
        found = contacts.get((_host(host, url.scheme), unquote(url.path).strip("/")))
        if found is not None:
            return found
    return None


def _host(host: str, scheme: str = "http") -> str:
    """Return host and port; clients leave the usual port out of what they say they call."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port == PORTS.get(scheme) else host.lower()
