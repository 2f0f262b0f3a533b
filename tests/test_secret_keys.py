"""The keys of stored secrets: which are taken, and how they change; files are their owner's."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from ml_backend import data_folder
from ml_backend.cli.output import documents
from ml_backend.container import Container
from ml_backend.data_folder import close_to_others, open_to_others
from ml_backend.errors import InvalidInput
from ml_backend.next_steps import Step
from ml_backend.secret_keys import BEFORE, KeyRing
from ml_backend.services.health.at_rest import say_open
from ml_backend.settings import Settings

GOOD = "Vq3-8sJkd02mX_lPz7RtYw1NbGh5cUeA"
OTHER = "another-Key_of-more-than-32-chars-0987"


def test_keys_that_can_be_guessed_are_refused_and_never_shown() -> None:
    for bad in ("?", "short key", "a" * 64, "ab" * 40, "password" * 5, "123456789 " * 4, GOOD[:31]):
        with pytest.raises(InvalidInput) as caught:
            Settings.from_env({"SECRET_KEY": bad})
        error = caught.value
        assert error.field == "SECRET_KEY"
        assert bad not in str(error)
        assert "token_urlsafe" in error.fix
        assert Step.ROTATE_KEYS() in error.fix


def test_good_keys_are_taken_and_old_ones_may_be_short() -> None:
    for good in (GOOD, OTHER, os.urandom(16).hex(), "ein langer Satz den niemand je errät"):
        settings = Settings.from_env({"SECRET_KEY": good, "SECRET_KEY_OLD": "x, a short one ,"})
        assert settings.load_secret_key() == good
        assert settings.key_ring.read().all == (good, "x", "a short one")
        assert "a short one" not in repr(settings)
        assert good not in repr(settings)


def container(folder: Path, **env: str) -> Container:
    return Container(Settings.from_env({"DATA_DIR": str(folder), **env}))


def keep(made: Container) -> tuple[int, str]:
    """Keep a connection and a session."""
    kept = made.store.connections.create(
        title="work",
        api_key="sk-secret",
        secrets={"google_application_credentials": "g-secret"},
        provider="OpenAI",
    )
    return kept.id or 0, made.store.web_sessions.create("a-token")


def test_every_secret_is_renewed_by_another_key_and_again_does_nothing(data_dir: Path) -> None:
    before = container(data_dir, SECRET_KEY=GOOD)
    number, session = keep(before)
    both = container(data_dir, SECRET_KEY=OTHER, SECRET_KEY_OLD=f"wrong,{GOOD}")
    assert both.store.connections.get(number).api_key == "sk-secret", "read before any renewal"
    done = both.store.stored_secrets.renew()
    assert done.renewed == {"connection": 1, "session": 1}
    assert (done.current, done.unreadable, done.ended) == ({}, (), 0)
    after = container(data_dir, SECRET_KEY=OTHER)
    assert after.store.stored_secrets.renew().current == {"connection": 1, "session": 1}
    found = after.store.connections.get(number)
    assert (found.api_key, found.is_unreadable) == ("sk-secret", False)
    assert found.secrets == {"google_application_credentials": "g-secret"}
    assert after.store.web_sessions.token(session) == "a-token"
    assert before.store.connections.get(number).is_unreadable
    for each in (before, both, after):
        each.store.close()


def test_what_no_key_reads_is_named_and_stays_while_sessions_end(data_dir: Path) -> None:
    before = container(data_dir, SECRET_KEY=GOOD)
    number, session = keep(before)
    after = container(data_dir, SECRET_KEY=OTHER)
    assert after.store.web_sessions.token(session) is None
    done = after.store.stored_secrets.renew()
    assert (done.unreadable, done.ended, done.renewed) == ((f"connection {number} 'work'",), 1, {})
    assert before.store.connections.get(number).api_key == "sk-secret", "nothing was lost"
    before.store.close()
    after.store.close()


def test_a_key_file_changes_under_a_running_server(data_dir: Path) -> None:
    server, command = container(data_dir), container(data_dir)
    number, session = keep(server)
    first = server.settings.load_secret_key()
    ring = command.settings.key_ring
    with ring.changing():
        assert ring.change()
        assert server.store.connections.get(number).api_key == "sk-secret", "before the renewal"
        made_meanwhile = server.store.web_sessions.create("another-token")
        assert command.store.stored_secrets.renew().renewed == {"connection": 1, "session": 1}
        ring.forget_before()
    assert server.settings.load_secret_key() != first
    assert server.store.connections.get(number).api_key == "sk-secret"
    assert server.store.web_sessions.token(session) == "a-token"
    assert server.store.web_sessions.token(made_meanwhile) == "another-token"
    fresh = container(data_dir)
    assert not fresh.store.connections.get(number).is_unreadable
    for each in (server, command, fresh):
        each.store.close()


def test_a_change_cut_short_anywhere_loses_no_key_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = []
    for dies_at in range(6):
        folder = tmp_path / str(dies_at)
        folder.mkdir()
        ring, calls = KeyRing(folder), iter(range(20))
        first = ring.read().current
        with monkeypatch.context() as patched:

            def dying(path: Path, target: Path, /) -> Path:
                if next(calls) == dies_at:  # noqa: B023 - used within this turn
                    raise KeyboardInterrupt
                os.replace(path, target)
                return target

            def settling() -> None:
                if next(calls) == dies_at:  # noqa: B023
                    raise KeyboardInterrupt

            patched.setattr(Path, "replace", dying)
            patched.setattr(ring, "_settle", settling)
            with suppress(KeyboardInterrupt):
                ring.change()
        again = KeyRing(folder)
        again.change()
        keys = again.read()
        if first not in keys.old or keys.current == first:
            lost.append(dies_at)
        again.forget_before()
        assert again.read().all == (keys.current,)
        assert not (folder / BEFORE).exists()
    assert lost == []


def test_many_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    found: set[str] = set()
    threads = [
        threading.Thread(target=lambda: found.add(KeyRing(tmp_path).read().current))
        for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def modes(folder: Path) -> dict[str, int]:
    paths = [folder, *folder.rglob("*")]
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode)
        for path in paths
        if not path.is_symlink()
    }


@pytest.mark.slow
def test_whatever_stood_in_the_data_folder_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "models" / "deep").mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.write_text("not ours")
    outside.chmod(0o644)
    for name in ("prompts.db", "prompts.db-wal", "secret_key", "an old.log", "models/deep/a.gguf"):
        (folder / name).touch()
        (folder / name).chmod(0o666)
    (folder / "prompts.db-wal").unlink()
    (folder / "tool").touch()
    (folder / "tool").chmod(0o755)
    (folder / "link").symlink_to(outside)
    for each in (folder, folder / "models"):
        each.chmod(0o777)
    (folder / "secret_key").write_text("a key of before")
    assert len(open_to_others(folder)) >= 7
    old = os.umask(0)
    try:
        made = container(folder)
        made.store.web_sessions.create("a-token")
        found = modes(folder)
        made.store.close()
    finally:
        os.umask(old)
    assert {"prompts.db", "prompts.db-wal", "prompts.db-shm", "prompts.db.migrating"} <= set(found)
    assert {name: oct(mode) for name, mode in found.items() if mode & 0o077} == {}
    assert found["tool"] == 0o700, "who owns it may still run it"
    assert found["."] == 0o700
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644
    assert open_to_others(folder) == []


@pytest.mark.slow
def test_a_database_elsewhere_is_closed_to_others_and_its_folder_left_alone(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    there.chmod(0o755)
    made = container(tmp_path / "data", DATABASE_URL=f"sqlite:///{there}/mine.db")
    made.store.web_sessions.create("a-token")
    found = modes(there)
    assert {name for name, mode in found.items() if mode & 0o077} == {"."}
    made.store.close()


def test_a_folder_of_everybody_keeps_its_mode_and_our_files_are_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    monkeypatch.setattr(Path, "home", lambda: home)
    for name in ("prompts.db", "secret_key", "letter.txt"):
        (home / name).touch()
        (home / name).chmod(0o644)
    close_to_others(home)
    kept = {".": 0o755, "prompts.db": 0o600, "secret_key": 0o600, "letter.txt": 0o644}
    assert modes(home) == kept


@pytest.mark.slow
def test_what_another_user_owns_is_said_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o755)

    def refuse(path: object, mode: int, **more: object) -> None:
        raise PermissionError(1, "not yours")

    monkeypatch.setattr(data_folder.os, "chmod", refuse)
    made = container(folder)
    assert made.store.prompts.all() == []
    made.store.close()
    message, fix = say_open(open_to_others(folder))
    assert str(folder) in message
    assert "chown" in fix
    finding = next(each for each in made.doctor.checks() if each.name == "files")
    assert (finding.status, finding.message) == ("warn", message)


def test_documents_say_a_key_cannot_be_read(data_dir: Path) -> None:
    number, _ = keep(container(data_dir, SECRET_KEY=GOOD))
    after = container(data_dir, SECRET_KEY=OTHER)
    found = after.store.connections.get(number)
    document = documents.of_connection(found, documents.spending_of(after.store, found))
    assert document["has_api_key"]
    assert "SECRET_KEY has changed" in document["key_problem"]
    after.store.close()


def test_a_volume_that_cannot_sync_a_folder_starts_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def no_folders(descriptor: int) -> None:
        if os.path.isdir(f"/dev/fd/{descriptor}"):
            raise OSError(22, "Invalid argument")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", no_folders)
    ring = KeyRing(tmp_path)
    first = ring.read().current
    assert ring.change()
    assert ring.read().all[1:] == (first,)
