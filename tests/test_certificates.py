"""Certificates that are not trusted, have expired or are another's: said so, and mended by one
setting, for Label Studio, model endpoints and hosts of pictures alike."""

from __future__ import annotations

import asyncio
import ipaddress
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_backend import certificates
from ml_backend.cli.next_steps import for_command_line
from ml_backend.container import Container
from ml_backend.errors import (
    AttachmentError,
    InvalidInput,
    LabelStudioError,
    LabelStudioUnreachable,
    PromptsError,
    RunStopper,
)
from ml_backend.images.download import download
from ml_backend.images.hosts import Reach
from ml_backend.labelstudio import ServerLabelStudio
from ml_backend.llm import Gate, Opening, Request, open_model
from ml_backend.records import Connection, ProviderName
from ml_backend.services.health.trusted import say_trusted
from ml_backend.settings import Settings
from ml_backend.web.server.next_steps import for_api
from ml_backend.web.ui.shell.next_steps import for_pages
from support.certificates import Authority, TlsServer
from support.models import UNPAID

LOOPBACK = ipaddress.ip_address("127.0.0.1")
CHAT = {"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def nothing_named() -> Iterator[None]:
    certificates.trust_also({})
    yield
    certificates.trust_also({})


def ask_label_studio(url: str) -> None:
    studio = ServerLabelStudio(url, "token", timeout=5)
    try:
        studio.version()
    finally:
        studio.close()


def ask_model(url: str) -> None:
    async def ask() -> None:
        connection = Connection(
            1, "mine", ProviderName.CUSTOM, endpoint=f"{url}/v1", api_key="tests-key"
        )
        model = open_model(connection, Opening(Gate(1), 5, {}))
        try:
            messages = [{"role": "user", "content": "?"}]
            await model.complete(Request("m", messages, {"type": "object"}, timeout=5))
        finally:
            await model.close()

    asyncio.run(ask())


def list_models(url: str) -> None:
    async def ask() -> None:
        connection = Connection(1, "mine", ProviderName.CUSTOM, endpoint=f"{url}/v1")
        model = open_model(connection, Opening(Gate(1), 5, {}))
        try:
            await model.check(UNPAID)
        finally:
            await model.close()

    asyncio.run(ask())


def read_picture(url: str) -> None:
    reach = Reach(("127.0.0.1", "localhost"), LOOPBACK.__eq__, lambda host, port: [LOOPBACK])
    download(f"{url}/a.png", reach)


ASKING: dict[str, tuple[Callable[[str], None], object]] = {
    "label-studio": (ask_label_studio, {"release": "1.23.2"}),
    "model": (ask_model, CHAT),
    "models": (list_models, {"data": [{"id": "m"}]}),
    "picture": (read_picture, b"picture"),
}
everywhere = pytest.mark.parametrize("whom", ASKING)


def refusal(whom: str, certificate: Path | None, scheme: str = "https") -> PromptsError:
    ask, answer = ASKING[whom]
    with TlsServer(answer, certificate) as server, pytest.raises(PromptsError) as caught:
        ask(f"{scheme}://127.0.0.1:{server.port}")
    # Nothing was said to who could not show who it is.
    assert server.asked == []
    return caught.value


@everywhere
@pytest.mark.parametrize("signed_by", ["an authority", "itself"])
def test_a_certificate_of_ones_own_names_the_setting(
    authority: Authority, whom: str, signed_by: str
) -> None:
    itself = signed_by == "itself"
    made = authority.self_signed("127.0.0.1") if itself else authority.certify("127.0.0.1")
    error = refusal(whom, made)
    for said in map(
        str, (for_command_line(str(error)), for_pages(str(error)), for_api(str(error)))
    ):
        assert "ts certificate is not trusted (" in said
        assert "SSL_CERT_FILE=/path/ca.pem" in said
    if whom.startswith("model"):
        assert isinstance(error, RunStopper)  # every further call would fail alike
    if whom == "label-studio":
        # Waiting does not help, and it is nobody to go on reading from.
        assert not isinstance(error, LabelStudioUnreachable)


@everywhere
@pytest.mark.parametrize(
    ("host", "days", "since", "words", "is_setting"),
    [
        ("127.0.0.1", -1, -9, "ts certificate has expired", False),
        ("127.0.0.1", 9, 1, "ts certificate is not valid yet", False),
        ("labels.example.org", 9, -9, "ts certificate is for another name", False),
    ],
    ids=["expired", "too-early", "another-name"],
)
def test_what_is_wrong_with_a_trusted_authoritys_certificate_is_told_apart(
    authority: Authority,
    whom: str,
    host: str,
    days: float,
    since: float,
    words: str,
    is_setting: bool,
) -> None:
    certificates.trust_also({"SSL_CERT_FILE": str(authority.file)})
    error = refusal(whom, authority.certify(host, days=days, since=since))
    assert words in error.message
    assert ("SSL_CERT_FILE" in for_command_line(str(error))) is is_setting
    assert error.fix


@everywhere
def test_http_where_https_was_meant_is_told(whom: str) -> None:
    assert "speaks http, not https" in refusal(whom, None).message


@everywhere
@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
def test_one_setting_is_enough_for_all(
    authority: Authority, tmp_path: Path, whom: str, name: str
) -> None:
    named = authority.file
    if name == "SSL_CERT_DIR":
        named = tmp_path
        shutil.copy(authority.file, tmp_path / "ours.crt")
    settings = Settings.from_env({"DATA_DIR": str(tmp_path / "data"), name: str(named)})
    Container(settings)
    ask, answer = ASKING[whom]
    with TlsServer(answer, authority.certify("127.0.0.1")) as server:
        ask(server.url)
        assert server.asked


@pytest.mark.slow
def test_a_servers_own_certificate_may_be_named_itself(authority: Authority) -> None:
    for made in (authority.self_signed("127.0.0.1"), authority.certify("127.0.0.1")):
        certificates.trust_also({"SSL_CERT_FILE": str(made)})
        with TlsServer({"release": "1.23.2"}, made) as server:
            ask_label_studio(server.url)


def test_public_authorities_stay_trusted_beside_ones_own(authority: Authority) -> None:
    before = certificates.tls_context().cert_store_stats()["x509_ca"]
    certificates.trust_also({"SSL_CERT_FILE": str(authority.file)})
    assert certificates.tls_context().cert_store_stats()["x509_ca"] == before + 1 > 100


@pytest.mark.parametrize("content", [None, "", "no certificate"], ids=["missing", "empty", "text"])
@pytest.mark.slow
def test_a_file_that_cannot_be_read_is_named_by_its_variable(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    certificates.trust_also({"REQUESTS_CA_BUNDLE": str(file)})
    with pytest.raises(InvalidInput, match=f"REQUESTS_CA_BUNDLE={file} cannot be read"):
        ask_label_studio("https://127.0.0.1:9")
    with pytest.raises(AttachmentError, match="REQUESTS_CA_BUNDLE"):
        read_picture("https://127.0.0.1:9")
    # Who speaks no https needs none of them.
    with pytest.raises(LabelStudioError, match="does not answer"):
        ask_label_studio("http://127.0.0.1:9")


def folder_with(authority: Authority, folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(authority.file, folder / "ours.pem")
    return folder


def key_alone(folder: Path, authority: Authority) -> None:
    made = authority.certify("key.example").read_text()
    (folder / "key.pem").write_text(made.split("-----BEGIN CERTIFICATE")[0])


BESIDE: dict[str, Callable[[Path, Authority], object]] = {
    "dangling": lambda folder, _: (folder / "gone.pem").symlink_to(folder / "nowhere"),
    "circle": lambda folder, _: (folder / "0a1b.0").symlink_to(folder / "0a1b.0"),
    "key": key_alone,
    "empty": lambda folder, _: (folder / "empty.crt").write_text(""),
    "binary": lambda folder, _: (folder / "der.cer").write_bytes(b"\x30\x82\x00\xff"),
    "folder": lambda folder, _: (folder / "more.pem").mkdir(),
}


@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.slow
def test_a_folder_may_hold_more_than_certificates_and_doctor_names_it(
    authority: Authority, tmp_path: Path, beside: str
) -> None:
    folder = folder_with(authority, tmp_path / "certs")
    BESIDE[beside](folder, authority)
    [odd] = [each for each in folder.iterdir() if each.name != "ours.pem"]
    certificates.trust_also({"SSL_CERT_DIR": str(folder)})
    with TlsServer({"release": "1.23.2"}, authority.certify("127.0.0.1")) as server:
        ask_label_studio(server.url)
    assert [each.split(" (")[0] for each in certificates.passed_over()] == [str(odd)]
    is_well, said, _ = say_trusted()
    assert (is_well, f"Passed over: {odd} (" in said) == (True, True)


def test_a_file_that_may_not_be_read_is_passed_over(authority: Authority, tmp_path: Path) -> None:
    """By hand, for those who run tests may be allowed everything."""

    class Context:
        def load_verify_locations(self, file: Path) -> None:
            raise PermissionError(13, "Permission denied", str(file))

    folder = folder_with(authority, tmp_path / "certs")
    context: Any = Context()
    passed = certificates._add(context, "SSL_CERT_DIR", str(folder))
    assert passed[0] == f"{folder / 'ours.pem'} (Permission denied)"
    assert "no certificate in it" in passed[1]


@pytest.mark.parametrize(
    "listed",
    ["{gone}:{ours}", "{ours}:{gone}", "{empty}:{ours}", ":{ours}:", "{gone}:{file}", "{ours}"],
)
@pytest.mark.slow
def test_folders_may_be_listed(authority: Authority, tmp_path: Path, listed: str) -> None:
    (tmp_path / "empty").mkdir()
    ours = folder_with(authority, tmp_path / "ours")
    named = listed.format(
        gone=tmp_path / "gone", ours=ours, empty=tmp_path / "empty", file=authority.file
    )
    certificates.trust_also({"SSL_CERT_DIR": named})
    with TlsServer({"release": "1.23.2"}, authority.certify("127.0.0.1")) as server:
        ask_label_studio(server.url)
    said = " ".join(certificates.passed_over())
    assert ("gone (does not exist)" in said) is ("gone" in listed)
    assert ("empty (no certificate in it" in said) is ("empty" in listed)


@pytest.mark.slow
def test_a_folder_of_a_list_that_may_not_be_read_is_passed_over(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, closed = folder_with(authority, tmp_path / "ours"), tmp_path / "closed"
    closed.mkdir()
    iterdir = Path.iterdir

    def refuse(folder: Path) -> Iterator[Path]:
        if folder == closed:
            raise PermissionError(13, "Permission denied", str(folder))
        return iterdir(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    certificates.trust_also({"SSL_CERT_DIR": f"{closed}:{ours}"})
    assert certificates.passed_over() == (f"{closed} (Permission denied)",)
    certificates.trust_also({"SSL_CERT_DIR": str(closed)})
    with pytest.raises(InvalidInput, match="Permission denied"):
        certificates.tls_context()


@pytest.mark.slow
def test_a_folder_with_a_colon_in_its_name_is_one(authority: Authority, tmp_path: Path) -> None:
    certificates.trust_also({"SSL_CERT_DIR": str(folder_with(authority, tmp_path / "a:b"))})
    assert certificates.passed_over() == ()


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("SSL_CERT_DIR", "/nowhere/a:/nowhere/b"),
        ("SSL_CERT_DIR", "/nowhere/a"),
        ("SSL_CERT_FILE", "{file}:{file}"),
        ("SSL_CERT_DIR", "{folder}:{broken}"),
    ],
)
def test_what_is_named_itself_must_hold_certificates(
    authority: Authority, tmp_path: Path, name: str, listed: str
) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    named = listed.format(file=authority.file, folder=tmp_path, broken=broken)
    certificates.trust_also({name: named})
    with pytest.raises(InvalidInput, match=f"{name}={named} cannot be read"):
        certificates.tls_context()


@pytest.mark.slow
def test_doctor_says_which_are_trusted_and_what_is_wrong(
    authority: Authority, tmp_path: Path
) -> None:
    with TlsServer({}, authority.certify("127.0.0.1")) as server:
        given = {
            "DATA_DIR": str(tmp_path / "data"),
            "LABEL_STUDIO_URL": server.url,
            "LABEL_STUDIO_API_KEY": "token",
        }
        found = {each.name: each for each in Container(Settings.from_env(given)).doctor.checks()}
        assert found["Label Studio"].status == "fail"
        assert "certificate is not trusted" in found["Label Studio"].message
        assert "certificates" not in found
        given["SSL_CERT_FILE"] = str(authority.file)
        found = {each.name: each for each in Container(Settings.from_env(given)).doctor.checks()}
        assert (found["certificates"].status, str(authority.file) in str(found)) == ("ok", True)
        assert "certificate" not in found["Label Studio"].message
        given["SSL_CERT_FILE"] = str(tmp_path / "gone.pem")
        found = {each.name: each for each in Container(Settings.from_env(given)).doctor.checks()}
        assert found["certificates"].status == "fail"
