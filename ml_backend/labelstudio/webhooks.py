"""Webhooks of a project: whom Label Studio tells of what happens there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ml_backend.errors import (
    LabelStudioError,
    LabelStudioNotFound,
    LabelStudioRejected,
    LabelStudioUnreachable,
)
from ml_backend.labelstudio.json_bodies import storable
from ml_backend.labelstudio.records import Webhook
from ml_backend.labelstudio.writes import Writes, of_private_address

if TYPE_CHECKING:
    from ml_backend.labelstudio.transport import SdkCall


class Webhooks(Writes):
    """Calls about webhooks; those for all projects of an organization are not among them."""

    def list_webhooks(self, project_id: int) -> list[Webhook]:
        """The project's webhooks, by id."""
        what = f"project {project_id}"
        try:
            with self._shape(what):
                wires = self._transport.get(
                    "api/webhooks/", {"project": int(project_id)}, what=what
                )
                return sorted((Webhook.from_wire(wire) for wire in wires), key=lambda each: each.id)
        except LabelStudioRejected as error:
            if "valid choice" not in error.message:
                raise
            raise LabelStudioNotFound(
                f"Label Studio has no {what}, or this token may not see it.", status=404
            ) from error

    def add_webhook(
        self, project_id: int, url: str, *, headers: Mapping[str, str] | None = None
    ) -> Webhook:
        """The new webhook: active, for all actions, with what they are about."""
        number, body = int(project_id), _all_of_it(url, headers)
        return self._write_webhook(
            lambda sdk, options: sdk.webhooks.create(
                project=number, **body, request_options=options
            ),
            url,
            f"project {project_id}",
        )

    def update_webhook(
        self, webhook_id: int, url: str, *, headers: Mapping[str, str] | None = None
    ) -> Webhook:
        """The webhook as changed: active, for all actions, with what they are about."""
        number, body = int(webhook_id), _all_of_it(url, headers)
        return self._write_webhook(
            lambda sdk, options: sdk.webhooks.update(number, **body, request_options=options),
            url,
            f"webhook {webhook_id}",
        )

    def delete_webhook(self, webhook_id: int) -> bool:
        """False when it was not there."""
        number = int(webhook_id)
        try:
            self._transport.change(
                lambda sdk, options: sdk.webhooks.delete(number, request_options=options),
                what=f"webhook {webhook_id}",
            )
        except LabelStudioNotFound:
            return False
        return True

    def _write_webhook(self, call: SdkCall, url: str, what: str) -> Webhook:
        try:
            answer = self._transport.change(call, what=what)
        except LabelStudioUnreachable:
            raise
        except LabelStudioError as error:
            if private := of_private_address(error, url):
                raise private from error
            raise
        with self._shape(what, maybe_done=True):
            return Webhook.from_wire(answer)


def _all_of_it(url: str, headers: Mapping[str, str] | None) -> dict[str, Any]:
    body: dict[str, Any] = {"url": storable(url), "is_active": True}
    body |= {"send_payload": True, "send_for_all_actions": True}
    if headers is not None:
        body["headers"] = storable(headers)
    return body
