"""Making a prompt with its first version in one dialog."""

from __future__ import annotations

import pytest
import requests

from ml_backend.records import BASELINE_MODEL, ProviderName
from support.api import STRANGER
from support.pages import Page, Pages, sign_in
from support.tables import each_row
from support.wire import CONFIG

VIDEO = '<View><Video name="v" value="$v"/><VideoRectangle name="boxes" toName="v"/></View>'
SPANS = (
    '<View><Text name="t" value="$body"/><Labels name="ner" toName="t"><Label value="PER"/>'
    '<Label value="&lt;b&gt;ORG"/></Labels></View>'
)


def instruct(pages: Pages, html: str, project: int | None = None) -> None:
    """Write labeling instructions as a person does in Label Studio."""
    requests.patch(
        f"{pages.studio.url}/api/projects/{project or pages.project}/",
        json={"expert_instruction": html},
        headers={"Authorization": f"Token {pages.studio.token}"},
        timeout=10,
    ).raise_for_status()


def chosen(pages: Pages, project: int, **form: str) -> Page:
    """What choosing a project swaps in."""
    return pages.post("/ui/prompts/new/project", htmx=True, project=project, **form)


def create(pages: Pages, htmx: bool = False, **form: object) -> Page:
    known = {"title": "Topics", "project": pages.project, "text": "Which? {text}"}
    return pages.post("/ui/prompts/new", htmx=htmx, alert="dialog-alert", **{**known, **form})


@pytest.mark.slow
def test_one_step_makes_the_prompt_and_its_first_version(pages: Pages) -> None:
    page = create(pages, description="What it is about")
    assert page.response.request.path == "/ui/prompts/1"
    assert "Created Topics." in page.text("[role=status]")
    prompt = pages.container.store.prompts.get(1)
    assert (prompt.title, prompt.description) == ("Topics", "What it is about")
    assert prompt.project_ids == (pages.project,)
    assert prompt.output_classes == ["a", "b"]
    assert prompt.created_by is not None
    [version] = pages.container.store.prompts.versions(1)
    assert (version.title, version.text) == ("Version 1", "Which? {text}")
    assert (version.model, version.connection_id) == ("simulated", None)


@pytest.mark.slow
def test_by_htmx_the_browser_is_led_to_the_prompt(pages: Pages) -> None:
    page = create(pages, htmx=True)
    assert page.response.headers["HX-Redirect"] == f"/ui/prompts/1?project={pages.project}"


@pytest.mark.slow
@each_row(
    ("form", "said"),
    [
        ({"title": ""}, "The title is empty."),
        ({"title": "a__b"}, "two underscores"),
        ({"title": "Taken"}, "Taken"),
        ({"project": ""}, "No project is chosen. Choose the target project."),
        ({"project": 999}, "no project 999"),
        ({"text": "  "}, "The prompt is empty."),
        ({"text": "Which? {txet}"}, "Did you mean {text}?"),
        ({"connection": "999"}, "no connection 999"),
    ],
)
def test_what_does_not_fit_is_refused_beside_the_form_and_nothing_is_made(
    pages: Pages, form: dict[str, object], said: str
) -> None:
    if not pages.container.store.prompts.all():
        pages.api.prompt("Taken")
    refused = create(pages, htmx=True, **form)
    assert refused.status in (404, 409, 422)
    assert refused.response.headers["HX-Retarget"] == "#dialog-alert"
    assert said in refused.text()
    assert [each.title for each in pages.container.store.prompts.all()] == ["Taken"]


@pytest.mark.slow
def test_without_script_a_refused_form_comes_back_as_it_was(pages: Pages) -> None:
    refused = create(pages, text="Which? {txet}", description="Mine")
    assert refused.status == 422
    assert "Did you mean {text}?" in refused.text("[role=alert]")
    form = refused.fields("main form")
    assert (form["title"], form["description"]) == ("Topics", "Mine")
    assert form["text"].strip() == "Which? {txet}"
    assert form["project"] == str(pages.project)


@pytest.mark.slow
def test_projects_that_cannot_be_answered_are_listed_with_the_reason(pages: Pages) -> None:
    video, _ = pages.studio.seed(VIDEO, [], title="Films")
    empty, _ = pages.studio.seed("<View></View>", [], title="Fresh")
    page = pages.get("/ui/prompts/new")
    for project, reason in ((video, "boxes"), (empty, "it has no labeling config")):
        option = page.one(f"option[value='{project}']")
        assert "disabled" in option.attributes
        assert reason in option.text()
    assert "disabled" not in page.one(f"option[value='{pages.project}']").attributes
    assert create(pages, project=video).status == 422


@pytest.mark.slow
def test_choosing_a_project_shows_its_tasks_data_and_classes(pages: Pages) -> None:
    page = chosen(pages, pages.project)
    assert "10 · 6 ground truths" in page.text(".facts")
    assert "{text}" in page.text(".facts code")
    assert page.text(".facts .badge") == "a b"


@pytest.mark.slow
def test_the_first_text_is_made_of_the_labeling_instructions(pages: Pages) -> None:
    instruct(pages, "<h2>Which topic?</h2><ul><li>a: <b>alpha</b></li><li>b: {beta}</li></ul>")
    page = chosen(pages, pages.project)
    text = page.one("textarea[name=text]").text().strip()
    assert text == "Which topic?\n\n- a: alpha\n- b: {{beta}}\n\n{text}"
    assert "From the project's labeling instructions." in page.text(".help")
    assert create(pages, text=text).response.request.path == "/ui/prompts/1"


@pytest.mark.parametrize(
    ("config", "asked"),
    [
        (CONFIG, "Read the task and choose what fits best.\n\n{text}"),
        (
            SPANS,
            "Mark every part that belongs to one of the labels, exactly as it stands there."
            "\n\n{body}",
        ),
        (
            '<View><Text name="q" value="$question"/><Text name="a" value="$answer"/>'
            '<Rating name="r" toName="a"/></View>',
            "Read the task and answer what is asked.\n\nquestion: {question}\n\nanswer: {answer}",
        ),
    ],
    ids=["classes", "spans", "several inputs"],
)
@pytest.mark.slow
def test_without_instructions_the_first_text_asks_for_what_the_config_has(
    pages: Pages, config: str, asked: str
) -> None:
    project, _ = pages.studio.seed(config, [], title="Other")
    page = chosen(pages, project)
    assert page.one("textarea[name=text]").text().strip() == asked
    assert "labeling instructions" not in page.text(".help")


@pytest.mark.slow
def test_a_text_one_wrote_stays_when_the_project_changes(pages: Pages) -> None:
    other, _ = pages.studio.seed(SPANS, [], title="Other")
    first = chosen(pages, pages.project)
    offered = first.one("textarea[name=offered]").text()
    untouched = chosen(pages, other, text=offered, offered=offered)
    assert "{body}" in untouched.one("textarea[name=text]").text()
    written = chosen(pages, other, text="Mine\r\n{text}", offered=offered)
    assert written.one("textarea[name=text]").text().strip() == "Mine\n{text}"


@pytest.mark.slow
def test_without_script_a_button_shows_the_project_and_keeps_the_form(pages: Pages) -> None:
    page = pages.post("/ui/prompts/new", title="Mine", project=pages.project, show="1")
    assert page.fields("main form")["title"] == "Mine"
    assert "6 ground truths" in page.text(".facts")
    assert pages.container.store.prompts.all() == []


@pytest.mark.slow
def test_the_only_project_that_can_be_answered_is_chosen_already(pages: Pages) -> None:
    others = pages.container.studio.project_titles()
    pages.api.as_user(hidden=[each for each in others if each != pages.project])
    with pages.api.app.test_client() as client:
        sign_in(client, STRANGER)
        page = Page(client.get("/ui/prompts/new"))
    assert page.fields("main form")["project"] == str(pages.project)
    assert page.one("textarea[name=text]")


@pytest.mark.slow
def test_without_any_project_one_is_led_to_label_studio(pages: Pages) -> None:
    pages.api.as_user(hidden=list(pages.container.studio.project_titles()))
    with pages.api.app.test_client() as client:
        sign_in(client, STRANGER)
        page = Page(client.get("/ui/prompts/new"))
    assert "no project yet" in page.text("main")
    assert page.one(".dialog-footer .primary").attributes["href"] == pages.studio.url
    assert not page.all("select[name=project]")


@pytest.mark.slow
def test_a_connection_and_a_model_are_chosen(pages: Pages) -> None:
    connection = pages.api.connection()
    form = pages.get("/ui/prompts/new")
    assert "Custom 1 (Custom)" in form.text("select[name=connection]")
    create(pages, connection=connection.id, model="a-model")
    [version] = pages.container.store.prompts.versions(1)
    assert (version.connection_id, version.model) == (connection.id, "a-model")


@pytest.mark.slow
def test_a_connection_without_a_default_model_wants_one_named(pages: Pages) -> None:
    connection = pages.api.connection()
    refused = create(pages, htmx=True, connection=connection.id)
    assert "has no default model. Type the model's name" in refused.text()
    assert pages.container.store.prompts.all() == []


@pytest.mark.slow
def test_the_offline_baseline_can_be_chosen(pages: Pages) -> None:
    create(pages, connection="baseline", model="ignored")
    [version] = pages.container.store.prompts.versions(1)
    assert (version.provider, version.model) == (ProviderName.BASELINE, BASELINE_MODEL)


@pytest.mark.slow
def test_another_persons_own_connection_is_not_offered(pages: Pages) -> None:
    pages.api.connection(scope="User")
    pages.api.as_user()
    with pages.api.app.test_client() as client:
        sign_in(client, STRANGER)
        assert "Custom 1" not in client.get("/ui/prompts/new").get_data(as_text=True)


@pytest.mark.slow
def test_classes_titles_and_instructions_show_as_text(pages: Pages) -> None:
    project, _ = pages.studio.seed(SPANS, [], title="</option><script>alert(1)</script>")
    instruct(pages, "</textarea>&lt;script&gt;alert(2)&lt;/script&gt;", project)
    page = pages.get(f"/ui/prompts/new?project={project}")
    assert not page.all("main script")
    assert "<b>ORG" in page.text(".facts .badge")
    assert "<script>alert(2)</script>" in page.one("textarea[name=text]").text()


@pytest.mark.slow
def test_the_dialog_is_the_same_page_without_its_frame(pages: Pages) -> None:
    dialog = pages.htmx("/ui/prompts/new", "dlg")
    assert dialog.one("dialog").attributes["class"] == "form"
    assert dialog.one("form").attributes["hx-post"] == "/ui/prompts/new"
    assert dialog.one("#project").attributes["hx-post"] == "/ui/prompts/new/project"
    for field in dialog.all("input:not([type=hidden]), select, textarea:not([hidden])"):
        assert dialog.all(f"label[for='{field.attributes['id']}']")


@pytest.mark.slow
def test_classes_that_the_editor_misreads_are_said_before_the_prompt_is_made(pages: Pages) -> None:
    config = CONFIG.replace('value="a"', 'value="under $50"')
    project, _ = pages.studio.seed(config, [{"data": {"text": "x"}}], title="Prices")
    said = chosen(pages, project).response.text
    assert "With care:" in said
    assert "Label Studio&#39;s editor takes what follows the $ for a field" in said
    assert "With care:" not in chosen(pages, pages.project).response.text


@pytest.mark.slow
def test_of_a_project_without_tasks_the_next_step_is_to_import_some(pages: Pages) -> None:
    empty, _ = pages.studio.seed(CONFIG, [], title="Empty")
    told = pages.post("/ui/prompts/new", title="Early", project=str(empty), text="Which? {text}")
    assert "Import tasks in Label Studio next" in told.text(".notice")
