"""Which certificates this process trusts, and what is wrong with one that it does not.

Trusted are the authorities of the machine and the public ones, and beside them those that
``SSL_CERT_FILE``, ``SSL_CERT_DIR`` and ``REQUESTS_CA_BUNDLE`` name: a Label Studio with a
certificate of its own must not cost us a model provider with a public one. All that speak TLS ask
here, so one setting is enough for all of them.

A file that is named must hold certificates. Of a folder those that do are taken, as by OpenSSL:
links that lead nowhere, keys and what may not be read are passed over, and ``doctor`` names them.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ml_backend.errors import InvalidInput
from ml_backend.next_steps import Step

Named = tuple[tuple[str, str], ...]

LISTS = "SSL_CERT_DIR"
BETWEEN = ";" if sys.platform == "win32" else ":"
"""One variable may name several folders, with this between them."""

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
    return _context(_named)[0]


def passed_over() -> tuple[str, ...]:
    """What the folders named lack or hold beside certificates, each with the reason.

    Raises InvalidInput as ``tls_context`` does.
    """
    return _context(_named)[1]


@cache
def _context(named: Named) -> tuple[ssl.SSLContext, tuple[str, ...]]:
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    # A server's own certificate may be named itself, not only who signed it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    passed: list[str] = []
    for name, path in named:
        passed += _add(context, name, path)
    return context, tuple(passed)


def _add(context: ssl.SSLContext, name: str, path: str) -> list[str]:
    """Trust what a variable names; return what was passed over."""
    places = _places(name, path)
    there = [place for place in places if place.exists() or place.is_symlink()] or places
    passed = [f"{place} (does not exist)" for place in places if place not in there]
    for place in there:
        try:
            if place.is_dir():
                passed += _add_folder(context, place)
            else:
                context.load_verify_locations(place)
        except OSError as error:
            if len(places) > 1 and place.is_dir():
                passed.append(f"{place} ({_reason(error)})")
                continue
            raise InvalidInput(
                f"{name}={path} cannot be read: {_reason(error, place, path)}.",
                field=name,
                fix="Name a file with the certificates of the authorities to trust, in PEM form "
                "(-----BEGIN CERTIFICATE-----), or unset it.",
            ) from error
    return passed


def _places(name: str, path: str) -> list[Path]:
    """The folders that a variable lists as OpenSSL has it, or the one file or folder it names."""
    if name != LISTS or Path(path).exists():
        return [Path(path)]
    return [Path(each) for each in path.split(BETWEEN) if each] or [Path(path)]


def _add_folder(context: ssl.SSLContext, folder: Path) -> list[str]:
    """Trust the certificates in a folder; return which files have none to be read."""
    passed, taken = [], 0
    # By hand: OpenSSL finds only those whose names are hashes, and says nothing of others.
    for file in sorted(folder.iterdir()):
        if file.suffix not in (".pem", ".crt", ".cer") and not file.suffix[1:].isdigit():
            continue
        try:
            context.load_verify_locations(file)
            taken += 1
        except OSError as error:
            passed.append(f"{file} ({_reason(error)})")
    if not taken:
        passed.append(f"{folder} (no certificate in it: .pem, .crt or .cer)")
    return passed


def _reason(error: OSError, place: Path | None = None, path: str = "") -> str:
    reason = "it holds no certificate in PEM form"
    if not isinstance(error, ssl.SSLError):
        reason = error.strerror or type(error).__name__
    return f"{place}: {reason}" if place is not None and str(place) != path else reason


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
