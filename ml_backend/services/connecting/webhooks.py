"""The webhook that brings a connected project's events to this server."""

from __future__ import annotations

from collections.abc import Sequence

from ml_backend.labelstudio import Backend, LabelStudioClient, Webhook
from ml_backend.services.connecting.backend_urls import (
    Pair,
    basic,
    credentials_of,
    hook_of,
    same_place,
)


def mend_webhook(
    studio: LabelStudioClient, backend: Backend, former: Sequence[str], pair: Pair | None
) -> list[str]:
    """Leave exactly one webhook for a connection, with everything it needs; say what changed.

    Label Studio makes one without the connection's basic auth, and none where one of that address
    is there already. ``former`` are addresses the connection had: their webhooks become this one's.
    """
    url = hook_of(backend.url)
    places = [url, *(hook_of(each) for each in former)]
    hooks = [
        hook
        for hook in studio.list_webhooks(backend.project_id)
        if any(same_place(hook.url, place) for place in places)
    ]
    right = [hook for hook in hooks if _is_right(hook, url, pair)]
    keep = next(iter([*right, *hooks]), None)
    done: list[str] = []
    if keep is None:
        headers = {"Authorization": basic(pair)} if pair else None
        keep = studio.add_webhook(backend.project_id, url, headers=headers)
        done.append("its webhook")
    elif not right:
        headers = {**_without_authorization(keep), "Authorization": basic(pair)} if pair else None
        studio.update_webhook(keep.id, url, headers=headers)
        done.append("the basic auth of its webhook" if pair else "the settings of its webhook")
    surplus = [hook for hook in hooks if hook.id != keep.id]
    for hook in surplus:
        studio.delete_webhook(hook.id)
    if surplus:
        done.append(f"{len(surplus)} webhook{'s' * (len(surplus) > 1)} too many, removed")
    return done


def _is_right(hook: Webhook, url: str, pair: Pair | None) -> bool:
    """Return whether a webhook brings every event to an address, through its basic auth."""
    if not (hook.is_active and hook.sends_payload and hook.for_all_actions):
        return False
    return same_place(hook.url, url) and (pair is None or _sent(hook) == basic(pair))


def _sent(hook: Webhook) -> str | None:
    """Return the Authorization header that goes out with a webhook: its address's wins."""
    own = credentials_of(hook.url)
    if own is not None:
        return basic(own)
    return next((text for name, text in hook.headers.items() if _is_authorization(name)), None)


def _without_authorization(hook: Webhook) -> dict[str, str]:
    return {name: text for name, text in hook.headers.items() if not _is_authorization(name)}


def _is_authorization(name: str) -> bool:
    return name.lower() == "authorization"
