"""Headers are acknowledged at once: Django's development server sends no body before that."""

from __future__ import annotations

import socket

import httpx
import pytest

QUICK = 12
"""What Linux calls TCP_QUICKACK; no kernel is told here."""


class Acknowledging(httpx.HTTPTransport):
    """A transport whose connections record what they are told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[int, ...]] = []

    def handle_request(self, request):
        response = super().handle_request(request)
        stream = response.extensions["network_stream"]
        response.extensions["network_stream"] = Recording(stream, self.told)
        return response


class Recording:
    def __init__(self, stream, told) -> None:
        self._stream, self._told = stream, told

    def get_extra_info(self, name):
        return self if name == "socket" else self._stream.get_extra_info(name)

    def setsockopt(self, *option) -> None:
        self._told.append(option)
        if len(self._told) > 1:
            raise OSError("the connection is gone")


@pytest.fixture
def transport(door):
    pool = door._transport._connection.pool()
    pool._mounts, pool._transport = {}, Acknowledging()
    return pool._transport


def test_every_answer_is_acknowledged_as_soon_as_its_headers_are_there(
    door, transport, monkeypatch
):
    monkeypatch.setattr(socket, "TCP_QUICKACK", QUICK, raising=False)
    assert door.version()
    assert door.version(), "one that cannot be told is read all the same"
    assert transport.told == [(socket.IPPROTO_TCP, QUICK, 1)] * 2


def test_a_system_that_cannot_be_told_is_told_nothing(door, transport, monkeypatch):
    monkeypatch.delattr(socket, "TCP_QUICKACK", raising=False)
    assert door.version()
    assert transport.told == []
