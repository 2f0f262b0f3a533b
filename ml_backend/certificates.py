"""Which certificates this process trusts, and what is wrong with one that it does not.

Trusted are the authorities of the machine and the public ones, and beside them those that
``SSL_CERT_FILE``, ``SSL_CERT_DIR`` and ``REQUESTS_CA_BUNDLE`` name: a Label Studio with a
certificate of its own must not cost us a model provider with a public one. All that speak TLS ask
here, so one setting is enough for all of them.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ml_backend.errors import InvalidInput
from ml_backend.next_steps import Step

Named = tuple[tuple[str, str], ...]

_named: Named = ()
_EXPIRED, _NOT_YET = 10, 9
_OTHER_NAME = (62, 64)
# Self-signed; by an authority that is not known; with a chain that does not end at one.
_UNTRUSTED = (2, 18, 19, 20, 21, 27)


def trust_also(named: Mapping[str, str]) -> None:
    """Trust the authorities in these files and folders as well, by the variable that names each.

    For the whole process, as the environment is; they are read when https is first spoken.
    """
    global _named
    _named = tuple((name, path) for name, path in named.items() if path)


def named() -> Named:
    """The files and folders that are trusted beside the usual ones, each with its variable."""
    return _named


def tls_context() -> ssl.SSLContext:
    """What all clients share; building it takes 50 ms. Safe between threads.

    Raises InvalidInput for a file or folder that cannot be read.
    """
    return _context(_named)


@cache
def _context(named: Named) -> ssl.SSLContext:
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    # A server's own certificate may be named itself, not only who signed it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for name, path in named:
        _add(context, name, path)
    return context


def _add(context: ssl.SSLContext, name: str, path: str) -> None:
    place = Path(path)
    try:
        if place.is_dir():
            # By hand: OpenSSL finds only those whose names are hashes, and says nothing of others.
            for file in sorted(place.iterdir()):
                if file.suffix in (".pem", ".crt", ".cer") or file.suffix[1:].isdigit():
                    context.load_verify_locations(file)
        else:
            context.load_verify_locations(place)
    except OSError as error:
        reason = "it holds no certificate in PEM form"
        if not isinstance(error, ssl.SSLError):
            reason = error.strerror or type(error).__name__
        raise InvalidInput(
            f"{name}={path} cannot be read: {reason}.",
            field=name,
            fix="Name a file with the certificates of the authorities to trust, in PEM form "
            "(-----BEGIN CERTIFICATE-----), or unset it.",
        ) from error


@dataclass(frozen=True, slots=True)
class TlsTrouble:
    """Why https could not be spoken: a sentence, and what to do."""

    said: str
    fix: str


def tls_trouble(error: BaseException | None) -> TlsTrouble | None:
    """Return what a connection's error says of a certificate; None where it is about none."""
    for cause in _causes(error):
        # aiohttp's own errors are such as well, but lack what OpenSSL said: that is their cause.
        if isinstance(cause, ssl.SSLCertVerificationError) and hasattr(cause, "verify_code"):
            return _of_certificate(cause)
        if isinstance(cause, ssl.SSLError) and getattr(cause, "reason", "") in _PLAIN:
            return TlsTrouble(
                "What answers there speaks http, not https",
                "Write the address with http://, or name the port that speaks https.",
            )
    return None


_PLAIN = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")


def _of_certificate(error: ssl.SSLCertVerificationError) -> TlsTrouble:
    code, words = error.verify_code, error.verify_message.rstrip(".")
    if code == _EXPIRED:
        return TlsTrouble(
            "Its certificate has expired",
            "Whoever runs that server must renew it; see that this machine's clock is right.",
        )
    if code == _NOT_YET:
        return TlsTrouble(
            "Its certificate is not valid yet", "See that this machine's clock is right."
        )
    if code in _OTHER_NAME:
        return TlsTrouble(
            f"Its certificate is for another name ({words})",
            "Use the name that the certificate has in the address, or have one made for this name.",
        )
    if code in _UNTRUSTED:
        return TlsTrouble(
            f"Its certificate is not trusted ({words})",
            Step.TRUST_CERTIFICATE(),
        )
    return TlsTrouble(
        f"Its certificate is not accepted ({words})",
        "Whoever runs that server must have a better one made.",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what brought it about, however it was passed on."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
