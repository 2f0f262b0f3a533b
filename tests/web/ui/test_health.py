"""Health: what is set up and what is missing, and connecting projects with one click."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from ml_backend.container import Container
from ml_backend.records import JobKind, Person, RunStatus
from ml_backend.services.health.doctor import Check
from ml_backend.web import create_app
from ml_backend.web.ui.settings.findings import Findings
from support.api import STRANGER, task
from support.fake_label_studio import FakeLabelStudio
from support.pages import HTMX, Page, Pages, csrf_of, sign_in
from support.place import close, settings
from support.server import eventually
from support.serving import free_port
from support.simulator import Simulator
from support.wire import CONFIG

NO_MODEL = {"OPENAI_BASE_URL": "", "OPENAI_API_KEY": "", "OPENAI_MODEL": ""}


class Site:
    """Our app on a port, as Label Studio calls it, and a browser of a person who signed in."""

    def __init__(self, container: Container, app: Flask, studio: FakeLabelStudio) -> None:
        self.container = container
        self.app = app
        self.studio = studio
        self.project, _ = studio.seed(CONFIG, [task(1)], title="Reviews")
        self.client = app.test_client()

    def prompt(self, project: int | None = None, title: str = "Topics") -> None:
        found = self.container.studio.get_project(project or self.project)
        prompt = self.container.prompts.create(title, project=found)
        self.container.prompts.create_version(prompt, text="Which? {text}")

    def get(self, path: str) -> Page:
        return Page(self.client.get(path))

    def htmx(self, path: str) -> Page:
        return Page(self.client.get(path, headers=HTMX))

    def post(self, path: str, *, htmx: bool = False, **form: Any) -> Page:
        data = {"csrf_token": csrf_of(self.client, "/ui/prompts"), **form}
        headers = HTMX if htmx else {}
        return Page(self.client.post(path, data=data, headers=headers, follow_redirects=True))

    def checks(self) -> Page:
        """The findings once all are made."""
        return finished(lambda: self.htmx("/ui/health/checks"))

    @property
    def own(self) -> str:
        return self.container.settings.own_address()


Build = Callable[..., Site]


@pytest.fixture
def build(
    tmp_path: Path, migrated: Path, studio: FakeLabelStudio, simulator: Simulator
) -> Iterator[Build]:
    opened: list[tuple[Container, Any]] = []
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)

    def make(**more: str) -> Site:
        port = {"PORT": str(free_port())}
        container = Container(settings(tmp_path, studio, simulator.url, **port, **more))
        app = create_app(container)
        server = make_server("127.0.0.1", container.settings.port, app, threaded=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        opened.append((container, server))
        site = Site(container, app, studio)
        assert sign_in(site.client, studio.token).status_code == 303
        return site

    yield make
    for container, server in opened:
        server.shutdown()
        server.server_close()
        close(container)


@pytest.fixture
def site(build: Build) -> Site:
    return build()


def finished(read: Callable[[], Page]) -> Page:
    found: list[Page] = []

    def look() -> bool:
        found.append(read())
        return not found[-1].all("[aria-busy]")

    eventually(look)
    return found[-1]


def line(page: Page, name: str) -> str:
    """What is said of one thing, its status first."""
    for each in page.all(".checks li"):
        text = " ".join(each.text(separator=" ").split())
        if name in text:
            return text
    raise AssertionError(f"no {name} in {page.text()}")


# Findings


@pytest.mark.slow
def test_the_page_shows_at_once_and_the_findings_come_by_themselves(site: Site) -> None:
    page = site.get("/ui/health")
    assert "checking…" in page.text("h1")
    assert page.one("#checks").attributes["hx-get"] == "/ui/health/checks"
    assert not page.all(".checks li")
    assert page.one("#checks .no-script a").attributes["href"] == "/ui/health?check=1"


@pytest.mark.slow
def test_what_is_ready_is_counted_and_what_is_missing_has_its_mend(site: Site) -> None:
    site.prompt()
    page = site.checks()
    assert "5 of 6 ready" in page.text("#ready")
    assert line(page, "Label Studio").startswith("✓ ready Label Studio http")
    assert line(page, "server's token").startswith("✓ ready")
    assert line(page, "Model: environment").startswith("✓ ready")
    assert line(page, "ML backend").startswith("– open ML backend No project with a prompt")
    [mend] = page.all(".check-mend a")
    assert mend.attributes["href"] == "#projects"
    again = page.one("#checks").attributes
    assert "delay:20s" in str(again["hx-trigger"])
    assert "5 of 6 ready" in page.text("#live")
    assert not site.htmx(str(again["hx-get"])).all("#live"), "the same is not said twice"


@pytest.mark.slow
def test_without_script_check_now_shows_the_same_on_the_page(site: Site) -> None:
    page = site.get("/ui/health?check=1")
    assert "5 of 6 ready" in page.text("h1")
    assert "✓ ready" in line(page, "Database")


@pytest.mark.slow
def test_the_offline_baseline_alone_is_a_warning_with_its_mend(build: Build) -> None:
    site = build(**NO_MODEL)
    page = site.checks()
    assert line(page, "Model: offline baseline").startswith("! look")
    assert "set OPENAI_API_KEY" in line(page, "Model: offline baseline")
    mends = [each.attributes["href"] for each in page.all(".check-mend a")]
    assert "/ui/connections" in mends


@pytest.mark.slow
def test_a_model_that_does_not_answer_is_a_finding(site: Site) -> None:
    site.container.store.connections.create(
        title="Dead", provider="Custom", api_key="k", endpoint="http://127.0.0.1:1/v1"
    )
    page = site.checks()
    assert line(page, "Model: Dead").startswith("✗ not ready")
    assert "5 of 7 ready" in page.text("#ready")


@pytest.mark.slow
def test_a_wrong_token_of_the_server_is_a_finding(site: Site) -> None:
    site.studio.control(settings={"legacy": False, "users": {STRANGER: {"id": 1}}})
    with site.app.test_client() as client:
        assert sign_in(client, STRANGER).status_code == 303

        def read() -> Page:
            return Page(client.get("/ui/health/checks", headers=HTMX))

        found = finished(read)
    assert line(found, "server's token").startswith("✗ not ready")


@pytest.mark.slow
def test_label_studio_away_is_a_finding_and_the_page_still_shows(site: Site) -> None:
    site.get("/ui/health")
    site.studio.fail("api/projects", "drop_connection_before", times=50)
    site.studio.fail("api/version", "drop_connection_before", times=50)
    page = site.get("/ui/health?check=1")
    assert page.status == 200
    assert line(page, "Label Studio").startswith("✗ not ready")
    site.studio.control(reset=True)


@pytest.mark.slow
def test_one_line_says_on_the_first_page_what_is_missing(site: Site) -> None:
    assert site.get("/ui/prompts").one("#ready").attributes["hx-trigger"] == "load"

    def read() -> Page:
        return site.htmx("/ui/health/ready")

    eventually(lambda: "5 of 6 ready" in read().text())
    assert read().one("a").attributes["href"] == "/ui/health"


@pytest.mark.slow
def test_findings_name_nothing_that_a_person_does_not_see(site: Site) -> None:
    site.prompt()
    hidden, _ = site.studio.seed(CONFIG, [], title="Secret project")
    site.prompt(hidden, "Another")
    site.post("/ui/health/connect", project=hidden)
    store = site.container.store
    store.connections.create(
        title="Private key", provider="Custom", api_key="k", scope="User",
        endpoint="http://127.0.0.1:1/v1", created_by=Person(1, "labeler"),
    )  # fmt: skip
    job, fence = store.jobs.create(
        JobKind.DELETE_PROMPT, {}, created_by=Person(1, "labeler"), seconds=60
    )
    store.jobs.finish(job.id, fence, RunStatus.FAILED, message="secret reason", result={})
    mine = site.checks()
    for text in ("Secret project", "Private key", "secret reason"):
        assert text in mine.text()
    users = {STRANGER: {"id": 2, "email": "other@example.com", "hidden": [hidden]}}
    site.studio.control(settings={"users": users})
    with site.app.test_client() as client:
        sign_in(client, STRANGER)
        theirs = finished(lambda: Page(client.get("/ui/health/checks", headers=HTMX)))
        page = Page(client.get("/ui/health"))
    for text in ("Secret project", "Private key", "secret reason"):
        assert text not in theirs.html + page.html
    assert "ML backend" in theirs.text()


def test_a_slow_check_keeps_no_page_and_is_looked_for_once() -> None:
    go, begun = threading.Event(), []

    def checks() -> Iterator[Check]:
        begun.append(1)
        yield Check("database", "ok", "Up.")
        go.wait(60)
        yield Check("model", "ok", "Answers.")

    findings = Findings()
    first = findings.look(b"me", checks, fresh=15, wait=0.05)
    second = findings.look(b"me", checks, fresh=15, wait=0.05)
    assert not second.is_done
    assert [each.name for each in first.found] == ["database"]
    go.set()
    third = findings.look(b"me", checks, fresh=15, wait=10)
    assert [each.name for each in third.found] == ["database", "model"]
    assert begun == [1]
    findings.look(b"other", checks, fresh=15, wait=10)
    findings.forget(b"me")
    findings.look(b"me", checks, fresh=15, wait=10)
    assert begun == [1, 1, 1]


def test_a_check_that_breaks_is_a_finding() -> None:
    def checks() -> Iterator[Check]:
        yield Check("database", "ok", "Up.")
        raise RuntimeError("a secret in the reason")

    found = Findings().look(b"me", checks, fresh=15, wait=10)
    assert [each.status for each in found.found] == ["ok", "fail"]
    assert "secret" not in found.found[1].message


@pytest.mark.slow
def test_settings_are_named_and_no_secret_is_shown(build: Build) -> None:
    site = build(BASIC_AUTH_USER="proxy", BASIC_AUTH_PASS="a-pass-word", SECRET_KEY="s" * 40)
    page = site.get("/ui/health?check=1")
    shown = {
        each.css_first("th").text(): each.css_first("td").text() for each in page.all("tbody tr")
    }
    assert shown["OPENAI_API_KEY"] == shown["BASIC_AUTH_PASS"] == shown["SECRET_KEY"] == "set"
    assert shown["IMAGE_HOSTS"] == "not set"
    assert shown["THREADS"] == "8"
    for secret in ("sk-a-secret-key", "a-pass-word", "s" * 40, site.studio.token):
        assert secret not in page.html


# Connecting


@pytest.mark.slow
def test_a_project_is_connected_with_one_click(site: Site) -> None:
    site.prompt()
    page = site.htmx(f"/ui/health/project?project={site.project}")
    assert "not connected" in page.text("h3")
    form = page.fields("form")
    assert form["url"] == site.own
    done = site.post("/ui/health/connect", htmx=True, **form)
    assert done.response.headers["HX-Trigger"] == "connections-changed"
    assert "✓ connected" in done.text("h3")
    assert "Connected." in done.text("[role=status]")
    [backend] = site.container.studio.list_backends(site.project)
    assert (backend.url, backend.state) == (site.own, "CO")
    assert "6 of 6 ready" in site.checks().text("#ready"), "what was changed is looked at anew"


@pytest.mark.slow
def test_without_script_the_report_stands_above_the_page(site: Site) -> None:
    site.prompt()
    form = site.get(f"/ui/health?project={site.project}").fields(f"#project-{site.project} form")
    page = site.post("/ui/health/connect", **form)
    assert page.response.request.full_path == f"/ui/health?project={site.project}"
    assert "Connected." in page.text(".notice")
    form = site.get(f"/ui/health?project={site.project}").fields(f"#project-{site.project} form")
    again = site.post("/ui/health/connect", **form)
    assert "Nothing to do: it is connected." in again.text(".notice")


@pytest.mark.slow
def test_notes_of_the_report_are_shown(site: Site) -> None:
    site.prompt()
    site.container.connecting.connect(
        site.container.studio.get_project(site.project), prompt="Topics"
    )
    done = site.post("/ui/health/connect", htmx=True, project=site.project)
    assert "is served by prompts/1 alone" in done.text("[role=status]")


@pytest.mark.slow
def test_an_address_label_studio_does_not_reach_is_refused_with_the_next_step(site: Site) -> None:
    site.prompt()
    refused = site.post(
        "/ui/health/connect",
        htmx=True,
        project=site.project,
        url="http://127.0.0.1:1",
        offered=site.own,
    )
    assert refused.status >= 400
    assert "ls-prompts doctor" in refused.text() or "Start the server" in refused.text()
    assert site.container.studio.list_backends(site.project) == []
    for url in ("ftp://x", "javascript:alert(1)", "http://h?x"):
        refused = site.post("/ui/health/connect", htmx=True, project=site.project, url=url)
        assert refused.status == 422
    assert site.post("/ui/health/connect", project="").status == 422
    assert site.post("/ui/health/connect", project=999).status == 404


@pytest.mark.slow
def test_a_project_without_any_prompt_says_what_the_backend_misses(site: Site) -> None:
    refused = site.post("/ui/health/connect", htmx=True, project=site.project)
    assert refused.status >= 400
    assert "has no prompt yet" in refused.text()


@pytest.mark.slow
def test_disconnecting_says_what_it_takes_away_and_leaves_the_rest(site: Site) -> None:
    site.prompt()
    site.post("/ui/health/connect", project=site.project)
    page = site.get(f"/ui/health?project={site.project}")
    address = str(page.one(f"#project-{site.project} .actions a").attributes["href"])
    dialog = site.htmx(address)
    assert f"the ML backend Prompts, {site.own}" in dialog.text("li")
    assert "1 webhook" in dialog.text("li")
    assert dialog.text("button") == "Disconnect Reviews"
    done = site.post("/ui/health/disconnect", **dialog.fields("form"))
    assert "Reviews is disconnected." in done.text(".notice")
    assert site.container.studio.list_backends(site.project) == []
    assert "not connected" in done.text(f"#project-{site.project} h3")
    assert "is not connected" in site.htmx(address).text("dialog")


@pytest.mark.slow
def test_the_rights_are_the_persons_own(site: Site) -> None:
    site.prompt()
    users = {STRANGER: {"id": 2, "email": "other@example.com", "hidden": [site.project]}}
    site.studio.control(settings={"users": users})
    with site.app.test_client() as client:
        sign_in(client, STRANGER)
        csrf = {"csrf_token": csrf_of(client, "/ui/prompts"), "project": site.project}
        for what in ("connect", "disconnect"):
            assert client.post(f"/ui/health/{what}", data=csrf).status_code == 404
        assert client.get(f"/ui/health?project={site.project}").status_code == 404
        assert "Reviews" not in client.get("/ui/health").get_data(as_text=True)
    assert site.container.studio.list_backends(site.project) == []


@pytest.mark.slow
def test_titles_of_projects_show_as_text(pages: Pages) -> None:
    title = "</option><script>alert(1)</script>\"'>"
    project, _ = pages.studio.seed(CONFIG, [], title=title)
    pages.container.store.prompts.create("P", "", [project])
    page = pages.get(f"/ui/health?project={project}")
    assert not page.all("main script")
    assert title in page.text(f"#project-{project} h3")


@pytest.mark.slow
def test_every_finding_has_a_word_beside_its_sign(site: Site) -> None:
    page = site.checks()
    words = {each.text().strip() for each in page.all(".check-status")}
    assert words <= {"✓ ready", "! look", "✗ not ready", "– open"}


@pytest.mark.slow
def test_a_connection_is_open_until_it_is_mended_and_gets_a_new_secret_on_request(
    site: Site,
) -> None:
    site.prompt()
    address = f"/ui/health/project?project={site.project}"
    site.container.studio.add_backend(
        site.project, site.container.settings.own_address(), "By hand"
    )
    assert "without a secret" in site.get(address).text(".caution")
    site.post("/ui/health/connect", htmx=True, project=site.project)
    page = site.get(address)
    assert page.text(".caution") == ""
    before = site.container.store.secrets.newest(site.project)
    done = site.post("/ui/health/connect", htmx=True, project=site.project, new_secret="1")
    assert "a new secret" in done.text("[role=status]")
    after = site.container.store.secrets.newest(site.project)
    assert before is not None
    assert after is not None
    assert after.serial == before.serial + 1
