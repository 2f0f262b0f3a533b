from __future__ import annotations

import ipaddress

import pytest

from ml_backend.errors import AttachmentError
from ml_backend.images.download import download
from ml_backend.images.hosts import Reach
from ml_backend.images.limits import Limits
from ml_backend.records import FailureKind
from support.files import FileHost
from support.tables import each_row

LOOPBACK = ipaddress.ip_address("127.0.0.1")
PRIVATE = ipaddress.ip_address("10.0.0.1")


class Names:
    """A name server that says what a test wants, in turn; the last answer stays."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def __call__(self, host, port):
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer.get(host, []) if isinstance(answer, dict) else [answer]


def reach(look_up, *hosts):
    """Loopback stands for the open internet here: nothing else answers in a test."""
    return Reach(hosts or ("files.example.com",), lambda address: address == LOOPBACK, look_up)


@pytest.fixture
def host():
    with FileHost() as running:
        running.files["/a.png"] = b"picture"
        yield running


def get(host, path="/a.png", name="files.example.com", look_up=None, **options):
    names = look_up or Names(LOOPBACK)
    return download(f"http://{name}:{host.port}{path}", reach(names), **options)


def test_a_file_of_a_named_host_is_read_without_cookies_or_tokens(host):
    assert get(host, "/a.png?signature=s%20s") == b"picture"
    [(path, headers)] = host.requests
    assert path == "/a.png?signature=s%20s"
    assert headers["host"] == f"files.example.com:{host.port}"
    assert not {"authorization", "cookie", "referer"} & set(headers)


def test_odd_characters_in_the_address_are_quoted(host):
    host.files["/b%20%C3%BC.png"] = b"quoted"
    assert get(host, "/b ü.png") == b"quoted"


@each_row(
    ("url", "words"),
    [
        ("http://other.example.com/a.png", "Add other.example.com to IMAGE_HOSTS"),
        ("http://127.0.0.1/a.png", "Add 127.0.0.1 to IMAGE_HOSTS"),
        ("http://[::1]/a.png", "IMAGE_HOSTS"),
        ("http://user:secret@files.example.com/a.png", "user name or password"),
        ("http://@files.example.com/a.png", "user name or password"),
        ("http://files.example.com@evil.org/a.png", "user name or password"),
        ("http://files.example.com\\@evil.org/a.png", "."),
        ("http://evil.org#files.example.com", "evil.org is not allowed"),
        ("http://evil.org?.files.example.com", "evil.org is not allowed"),
        ("ftp://files.example.com/a.png", "no web address"),
        ("file:///etc/passwd", "no web address"),
        ("http:///a.png", "no web address"),
        ("http://files.example.com:99999/a.png", "malformed"),
        ("http://files.example.com:port/a.png", "malformed"),
        ("http://[files/a.png", "malformed"),
    ],
)
def test_other_addresses_are_refused_before_anything_is_looked_up(url, words):
    names = Names(LOOPBACK)
    with pytest.raises(AttachmentError) as caught:
        download(url, reach(names))
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.kind is FailureKind.NO_INPUT
    assert names.asked == []


def test_a_named_host_at_a_private_address_is_never_read(host):
    with pytest.raises(AttachmentError, match="private or reserved"):
        get(host, look_up=Names(PRIVATE))
    assert host.requests == []


def test_names_are_looked_up_once_and_that_address_is_connected_to(host):
    names = Names(LOOPBACK, PRIVATE)
    assert get(host, look_up=names) == b"picture"
    assert names.asked == ["files.example.com"]


def test_of_several_addresses_only_public_ones_are_used(host):
    names = Names({"files.example.com": [PRIVATE, LOOPBACK]})
    assert get(host, look_up=names) == b"picture"


def test_the_address_is_checked_again_at_each_redirect(host):
    host.redirect("/moved", "/a.png")
    assert get(host, "/moved") == b"picture"
    with pytest.raises(AttachmentError, match="private or reserved"):
        get(host, "/moved", look_up=Names(LOOPBACK, PRIVATE))
    assert host.paths == ["/moved", "/a.png", "/moved"]


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254 is not allowed"),
        ("//evil.org/a.png", "evil.org is not allowed"),
        ("file:///etc/passwd", "no web address"),
        ("http://user:pw@files.example.com/", "user name or password"),
        ("/loop", "redirected more than"),
        ("http://[broken", "malformed"),
    ],
)
def test_redirects_lead_nowhere_a_task_could_not(host, to, words):
    host.redirect("/loop", to)
    with pytest.raises(AttachmentError, match=words):
        get(host, "/loop")


def test_where_label_studio_sends_us_need_not_be_listed_but_must_be_public(host):
    names = Names({"storage.example.org": [LOOPBACK], "inside.example.org": [PRIVATE]})
    assert get(host, name="storage.example.org", look_up=names, listed_only=False) == b"picture"
    with pytest.raises(AttachmentError, match="private or reserved"):
        get(host, name="inside.example.org", look_up=names, listed_only=False)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, FailureKind.NO_INPUT),
        (403, FailureKind.NO_INPUT),
        (204, FailureKind.NO_INPUT),
        (304, FailureKind.NO_INPUT),
        (429, FailureKind.SERVER_ERROR),
        (500, FailureKind.SERVER_ERROR),
        (503, FailureKind.SERVER_ERROR),
    ],
)
def test_a_status_tells_whether_waiting_helps(host, status, kind):
    host.refuse("/x", status)
    with pytest.raises(AttachmentError, match=f"HTTP {status}") as caught:
        get(host, "/x")
    assert caught.value.kind is kind


def test_size_is_bounded_whatever_was_announced(host):
    small = Limits(most_bytes=1000)
    host.files["/big"] = b"x" * 1001
    host.claim("/claims", 10**12)
    for path in ("/big", "/claims"):
        with pytest.raises(AttachmentError, match="larger than"):
            get(host, path, limits=small)
    assert len(get(host, "/big", limits=Limits(most_bytes=1001))) == 1001


def test_a_file_cut_off_or_a_host_that_is_gone_may_pass(host):
    host.claim("/cut", 100, b"abc")
    with pytest.raises(AttachmentError) as caught:
        get(host, "/cut")
    assert caught.value.kind is FailureKind.CONNECTION
    host.close()
    with pytest.raises(AttachmentError) as caught:
        get(host)
    assert caught.value.kind is FailureKind.CONNECTION


@pytest.mark.parametrize("name", ["nowhere", "a" * 64, "a\x00b", "a b", ".", "a..b", "-"])
def test_an_unknown_name_may_pass(name):
    with pytest.raises(AttachmentError) as caught:
        download(f"http://{name}.invalid/a.png", Reach(("*.invalid",)))
    assert caught.value.kind is FailureKind.CONNECTION


@pytest.mark.slow
def test_a_drip_ends_at_the_time_limit(host):
    host.drip("/slow", 5)  # or else it would be here, if late
    with pytest.raises(AttachmentError, match=r"within 0\.3 s") as caught:
        get(host, "/slow", limits=Limits(seconds=0.3))
    assert caught.value.kind is FailureKind.CONNECTION
