"""Which addresses in tasks are Label Studio's own, however people reach it, and which never are."""

from __future__ import annotations

from pathlib import Path

from ml_backend.container import Container
from ml_backend.labelstudio.files import OwnAddresses, is_under_unknown_path
from ml_backend.settings import Settings
from support.tables import each_row

INSIDE = "http://127.0.0.1:18480"
OUTSIDE = "http://127.0.0.1:18481/ls"
FILE = "/data/upload/1/abc-img.png"


@each_row(
    ("inside", "outside", "url", "found"),
    [
        # The case: a proxy that strips /ls, and an address only this server knows.
        (INSIDE, OUTSIDE, f"/ls{FILE}", f"{INSIDE}{FILE}"),
        (INSIDE, OUTSIDE, f"{OUTSIDE}{FILE}", f"{INSIDE}{FILE}"),
        (INSIDE, OUTSIDE, FILE, f"{INSIDE}{FILE}"),
        (INSIDE, OUTSIDE, f"{INSIDE}{FILE}", f"{INSIDE}{FILE}"),
        (INSIDE, f"{OUTSIDE}/", f"/ls{FILE}", f"{INSIDE}{FILE}"),
        (INSIDE, OUTSIDE, "/ls/data/local-files/?d=a/b.png",
         f"{INSIDE}/data/local-files/?d=a/b.png"),
        (INSIDE, OUTSIDE, f"{OUTSIDE}/data/local-files/?d=%C3%BC?.png",
         f"{INSIDE}/data/local-files/?d=%C3%BC?.png"),
        (INSIDE, OUTSIDE, "/ls/storage-data/uploaded/?filepath=upload/1/a.png",
         f"{INSIDE}/storage-data/uploaded/?filepath=upload/1/a.png"),
        (INSIDE, OUTSIDE, "/ls/tasks/7/resolve/?fileuri=czM6",
         f"{INSIDE}/tasks/7/resolve/?fileuri=czM6"),
        (INSIDE, OUTSIDE, "/ls/projects/3/presign/?fileuri=x",
         f"{INSIDE}/projects/3/presign/?fileuri=x"),
        (INSIDE, OUTSIDE, f"{OUTSIDE}/projects/3/resolve/?fileuri=x",
         f"{INSIDE}/projects/3/resolve/?fileuri=x"),
        (INSIDE, OUTSIDE, "/ls/static/samples/a.png", f"{INSIDE}/static/samples/a.png"),
        # As the page's own address: no scheme.
        (INSIDE, OUTSIDE, f"//127.0.0.1:18481/ls{FILE}", f"{INSIDE}{FILE}"),
        # Both under a path, the same or another.
        ("http://ls:8080/ls", "https://a.org/ls", f"/ls{FILE}", f"http://ls:8080/ls{FILE}"),
        ("http://ls:8080/in", "https://a.org/out", f"/out{FILE}", f"http://ls:8080/in{FILE}"),
        ("http://ls:8080/in", "https://a.org/out", f"/in{FILE}", f"http://ls:8080/in{FILE}"),
        ("http://ls:8080/in", "https://a.org/out", FILE, f"http://ls:8080/in{FILE}"),
        ("http://ls:8080/in", "", f"/in{FILE}?x=1", f"http://ls:8080/in{FILE}?x=1"),
        ("http://ls:8080/in", "", f"http://ls:8080/in{FILE}#a", f"http://ls:8080/in{FILE}"),
        ("http://ls:8080", "https://a.org/x/y", f"https://a.org/x/y{FILE}", f"http://ls:8080{FILE}"),
        # Paths called like Label Studio's own.
        ("http://ls:8080", "https://a.org/data", f"/data{FILE}", f"http://ls:8080{FILE}"),
        ("http://ls:8080", "https://a.org/data", FILE, f"http://ls:8080{FILE}"),
        ("http://ls:8080", "https://a.org/ls", f"/lsx{FILE}", f"http://ls:8080/lsx{FILE}"),
        # However an address may be written: ports, case, a closing dot, another script.
        ("http://ls:8080", "https://a.org", f"https://a.org:443{FILE}", f"http://ls:8080{FILE}"),
        ("http://ls:8080", "https://a.org:443/", f"https://A.ORG{FILE}", f"http://ls:8080{FILE}"),
        ("http://ls:8080", "https://A.org/Ls", f"HTTPS://a.Org./Ls{FILE}", f"http://ls:8080{FILE}"),
        ("http://ls:8080", "https://a.org", f"http://a.org{FILE}", f"http://ls:8080{FILE}"),
        ("http://ls:8080", "https://ü.org", f"https://xn--tda.org{FILE}", f"http://ls:8080{FILE}"),
        ("http://ls:8080", "https://[::1]:9/ls", f"https://[::1]:9/ls{FILE}", f"http://ls:8080{FILE}"),
    ],
)  # fmt: skip
def test_an_address_people_use_is_asked_where_the_server_reaches_it(
    inside: str, outside: str, url: str, found: str
) -> None:
    assert OwnAddresses(inside, outside).locate(url) == found


@each_row(
    "url",
    [
        f"https://a.org.evil.com/ls{FILE}",
        f"https://aaorg/ls{FILE}",
        f"https://xa.org/ls{FILE}",
        f"https://evil.com/a.org/ls{FILE}",
        f"https://a.org@evil.com/ls{FILE}",
        f"https://a.org:443@evil.com/ls{FILE}",
        f"https://a.org%2f@evil.com/ls{FILE}",
        f"https://a.org\\@evil.com/ls{FILE}",
        f"https://user:secret@a.org/ls{FILE}",
        f"https://user@a.org/ls{FILE}",
        f"https://@a.org/ls{FILE}",
        f"https://a.org:444/ls{FILE}",
        f"https://a.org:x/ls{FILE}",
        f"https://a.org:99999/ls{FILE}",
        f"https://a.org/lsx{FILE}",
        f"https://a.org/LS{FILE}",
        f"https://a.org{FILE}",
        f"ftp://a.org/ls{FILE}",
        f"file://a.org/ls{FILE}",
        f"//evil.com/ls{FILE}",
        f"//a.org@evil.com/ls{FILE}",
        "https://[broken",
        "https://",
        "",
    ],
)
def test_what_only_looks_like_label_studio_is_not_its(url: str) -> None:
    assert OwnAddresses("http://ls.internal:8080", "https://a.org/ls").locate(url) == ""


def test_the_setting_says_where_people_open_label_studio(data_dir: Path) -> None:
    settings = Settings.from_env(
        {
            "DATA_DIR": str(data_dir),
            "LABEL_STUDIO_URL": INSIDE,
            "LABEL_STUDIO_PUBLIC_URL": OUTSIDE,
            "LABEL_STUDIO_API_KEY": "token",
        }
    )
    assert Container(settings).studio.locate(f"{OUTSIDE}{FILE}") == f"{INSIDE}{FILE}"


@each_row(
    ("url", "is_so"),
    [
        (f"/ls{FILE}", True),
        ("https://a.org/ls/data/local-files/?d=x", True),
        ("https://a.org/data/upload/1/a.png", True),
        ("/ls/storage-data/uploaded/?filepath=x", True),
        (FILE, False),
        ("https://a.org/pictures/a.png", False),
        ("https://a.org/a.png?from=/data/upload/1", False),
        ("https://[broken/data/upload/1", False),
    ],
)
def test_an_address_label_studio_may_have_is_told(url: str, is_so: bool) -> None:
    assert is_under_unknown_path(url) is is_so
