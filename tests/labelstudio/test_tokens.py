"""Which header a token becomes, and when it is exchanged."""

from __future__ import annotations

import time

import jwt
import pytest

from ml_backend.labelstudio.tokens import Token, claims_of


def signed(**claims):
    return jwt.encode(claims, "k" * 32)


class Exchange:
    """Gives access tokens of ``seconds`` and counts them."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.given = []

    def __call__(self, personal):
        until = {} if self.seconds is None else {"exp": int(time.time() + self.seconds)}
        self.given.append(signed(token_type="access", number=len(self.given), **until))
        return self.given[-1]


def unasked(personal):
    raise AssertionError("nothing is exchanged here")


@pytest.mark.parametrize("secret", ["deadbeef", "a.b", "not.a.jwt", "a.bnVsbA.c", "a.eyJh.c"])
def test_legacy_token_goes_out_as_it_is(secret):
    token = Token(secret, unasked)
    assert token.header() == f"Token {secret}"
    assert token.forget(f"Token {secret}") is False


def test_access_token_of_a_caller_is_used_and_never_exchanged():
    access = signed(token_type="access", exp=9_999_999_999)
    token = Token(access, unasked)
    assert token.header() == f"Bearer {access}"
    assert token.forget(f"Bearer {access}") is False


@pytest.mark.parametrize("claims", [{"token_type": "refresh"}, {}])
def test_personal_access_token_is_exchanged_once(claims):
    exchange = Exchange(300)
    token = Token(signed(exp=9_999_999_999, **claims), exchange)
    assert token.header() == token.header() == f"Bearer {exchange.given[0]}"
    assert len(exchange.given) == 1


@pytest.mark.parametrize(("seconds", "exchanges"), [(-1, 2), (300, 1), (None, 1)])
def test_access_token_is_exchanged_anew_when_its_time_is_over(seconds, exchanges):
    exchange = Exchange(seconds)
    token = Token(signed(token_type="refresh", exp=9_999_999_999), exchange)
    token.header()
    token.header()
    assert len(exchange.given) == exchanges


def test_refused_access_token_is_forgotten_once_however_many_threads_held_it():
    exchange = Exchange(300)
    token = Token(signed(token_type="refresh", exp=9_999_999_999), exchange)
    refused = token.header()
    assert token.forget(refused) is True
    fresh = token.header()
    assert fresh != refused
    assert token.forget(refused) is True
    assert token.header() == fresh


def test_claims_are_read_without_a_signature_being_checked():
    assert claims_of(signed(a="ü")) == {"a": "ü"}
    assert claims_of("deadbeef") is None
