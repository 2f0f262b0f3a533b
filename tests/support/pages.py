"""The pages, as a browser without script and as htmx ask for them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser, LexborNode
from werkzeug.test import TestResponse

from ml_backend.container import Container
from support.api import Api
from support.fake_label_studio import FakeLabelStudio
from support.simulator import Simulator

HTMX = {"HX-Request": "true"}


class Page:
    """An answer as HTML that tests look into."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status = response.status_code
        self.html = response.get_data(as_text=True)
        self._tree = LexborHTMLParser(self.html)

    def all(self, selector: str) -> list[LexborNode]:
        return self._tree.css(selector)

    def one(self, selector: str) -> LexborNode:
        found = self.all(selector)
        assert len(found) == 1, f"{len(found)} of {selector} in\n{self.html}"
        return found[0]

    def text(self, selector: str = "body") -> str:
        """What a person reads there, white space in one."""
        return " ".join(" ".join(each.text(separator=" ") for each in self.all(selector)).split())

    def fields(self, selector: str = "form") -> dict[str, str]:
        """A form's fields as a browser would send them untouched."""
        form = self.one(selector)
        found: dict[str, str] = {}
        for each in form.css("input[name]"):
            attributes = each.attributes
            kind = attributes.get("type")
            if kind in ("checkbox", "radio") and "checked" not in attributes:
                continue
            found[str(attributes["name"])] = attributes.get("value") or ""
        for each in form.css("textarea[name]"):
            found[str(each.attributes["name"])] = each.text()
        for each in form.css("select[name]"):
            options = each.css("option[selected]") or each.css("option")[:1]
            for option in options:
                value = option.attributes.get("value")
                found[str(each.attributes["name"])] = option.text() if value is None else value
        return found


@dataclass
class Pages:
    """A browser of a person who signed in, and what is behind the pages."""

    api: Api
    client: FlaskClient
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def container(self) -> Container:
        return self.api.container

    @property
    def studio(self) -> FakeLabelStudio:
        return self.api.studio

    @property
    def simulator(self) -> Simulator:
        return self.api.simulator

    @property
    def project(self) -> int:
        """A project of ten tasks, six of them with ground truth "a" or "b"."""
        return self.api.project

    def get(self, path: str, **headers: str) -> Page:
        return Page(self.client.get(path, headers=headers))

    def htmx(self, path: str, target: str = "") -> Page:
        """What htmx asks for, to put it into the element of that id."""
        return Page(self.client.get(path, headers={**HTMX, "HX-Target": target}))

    def post(self, path: str, follow: bool = True, htmx: bool = False, **form: Any) -> Page:
        """Send a form with this session's token; follow where it leads."""
        headers = HTMX if htmx else {}
        data = {"csrf_token": self.csrf(), **form}
        return Page(self.client.post(path, data=data, headers=headers, follow_redirects=follow))

    def csrf(self) -> str:
        return csrf_of(self.client, "/ui/prompts")


def csrf_of(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found is not None
    return found.group(1)


def sign_in(client: FlaskClient, token: str) -> TestResponse:
    csrf = csrf_of(client, "/ui/sign-in")
    return client.post("/ui/sign-in", data={"token": token, "csrf_token": csrf})
