"""The keys that encrypt stored secrets: ``SECRET_KEY`` and those before it, or a file of our own.

The file is changed so that a crash at any moment leaves all that is stored readable: the key before
is kept beside it until everything is encrypted anew.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ml_backend.data_folder import SECRET_KEY
from ml_backend.errors import InvalidInput
from ml_backend.next_steps import Step

SHORTEST = 32
FEWEST_CHARACTERS, FEWEST_TRIPLES = 6, 16
"""Of different ones: what random letters and digits have by far, and repeated words do not."""

BEFORE = f"{SECRET_KEY}.old"
LOCK = f".{SECRET_KEY}.lock"
HOW = (
    "Make one with `python3 -c 'import secrets; print(secrets.token_urlsafe(48))'`, or unset it: "
    f"one is made in DATA_DIR then. {Step.ROTATE_KEYS()}"
)


def checked(secret: str, name: str = "SECRET_KEY") -> str:
    """Return a key; raises InvalidInput for one that could be guessed. Empty is none."""
    if secret and len(secret) < SHORTEST:
        raise InvalidInput(
            f"{name} has {len(secret)} characters: what it encrypts could be read by trying keys. "
            f"It needs at least {SHORTEST}.",
            field=name,
            fix=HOW,
        )
    triples = {secret[at : at + 3] for at in range(len(secret) - 2)}
    if secret and (len(set(secret)) < FEWEST_CHARACTERS or len(triples) < FEWEST_TRIPLES):
        raise InvalidInput(
            f"{name} repeats itself: what it encrypts could be read by trying keys.",
            field=name,
            fix=HOW,
        )
    return secret


@dataclass(frozen=True, slots=True)
class SecretKeys:
    """What encrypts from now on, and what may have encrypted before."""

    current: str = field(repr=False)
    old: tuple[str, ...] = field(default=(), repr=False)

    @property
    def all(self) -> tuple[str, ...]:
        """Return them, first the one that encrypts."""
        return (self.current, *self.old)


class KeyRing:
    """Where the keys come from: ``given`` by the environment, else the file in the data folder."""

    def __init__(self, folder: Path, given: str = "", old: tuple[str, ...] = ()) -> None:
        self._path = folder / SECRET_KEY
        self._before = folder / BEFORE
        self._lock = folder / LOCK
        self._given = given
        self._old = old

    @property
    def is_file(self) -> bool:
        """Whether the key is one that we made, and may change."""
        return not self._given

    def read(self) -> SecretKeys:
        """Return the keys as they are now; a file is made on first use, with mode 0600."""
        if self._given:
            return SecretKeys(self._given, self._old)
        if not self._path.exists():
            self._make_first()
        current = self._path.read_text().strip()
        before = self._key_before()
        return SecretKeys(current, tuple(filter(None, (before, *self._old))))

    def change(self) -> bool:
        """Have a new key in the file; False where one was made already that was not used up.

        The one before stays beside it until ``forget_before``.
        """
        current, before = self.read().current, self._key_before()
        if before and before != current:
            return False  # a change that was cut short: the new key is there
        self._write(self._before, current)
        self._write(self._path, secrets.token_urlsafe(48))
        return True

    def forget_before(self) -> None:
        """Remove the key before: nothing is encrypted with it any more."""
        self._before.unlink(missing_ok=True)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep other processes from changing keys meanwhile."""
        descriptor = os.open(self._lock, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _key_before(self) -> str:
        try:
            return self._before.read_text().strip()
        except FileNotFoundError:
            return ""

    def _make_first(self) -> None:
        fresh = self._written(secrets.token_urlsafe(48))
        try:
            os.link(fresh, self._path)  # whoever comes first wins, and never half a key
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        self._settle()

    def _write(self, path: Path, secret: str) -> None:
        self._written(secret).replace(path)
        self._settle()

    def _written(self, secret: str) -> Path:
        """Return a file that holds a key, on the disk, for its owner alone."""
        fresh = self._path.with_name(f".{SECRET_KEY}-{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        return fresh

    def _settle(self) -> None:
        """Have the folder itself on the disk: a key that a power cut takes is all keys lost."""
        try:
            descriptor = os.open(self._path.parent, os.O_RDONLY)
        except OSError:
            return  # a folder that may be written and not read
        try:
            with suppress(OSError):  # some volumes have no such thing for folders
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
