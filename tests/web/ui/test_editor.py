"""The editor of a prompt: what it shows, saves, refuses and starts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from ml_backend.records import PromptVersion, Run, Slot, Subset, TruthSource
from support.api import SECRETS, STRANGER
from support.labels import own
from support.pages import Page, Pages, sign_in
from support.tables import each_row
from support.wire import CONFIG

EVIL = "<script>alert(1)</script>\"onmouseover='x' {{7*7}} =cmd"


@dataclass
class Editor:
    """The editor of a prompt with one version."""

    pages: Pages
    prompt: int
    version: int

    @property
    def path(self) -> str:
        return f"/ui/prompts/{self.prompt}"

    @property
    def form(self) -> dict[str, str]:
        return self.pages.get(f"{self.path}?version={self.version}").fields("#editor")

    def send(self, do: str, htmx: bool = False, **changed: Any) -> Page:
        path = f"{self.path}/editor?version={self.version}"
        return self.pages.post(path, htmx=htmx, **{**self.form, "do": do, **changed})

    def fragment(self, name: str, **changed: Any) -> Page:
        path = f"{self.path}/{name}?version={self.version}"
        return self.pages.post(path, htmx=True, **{**self.form, **changed})

    @property
    def versions(self) -> list[PromptVersion]:
        return list(self.pages.container.store.prompts.versions(self.prompt))

    @property
    def runs(self) -> list[Run]:
        return list(self.pages.container.store.runs.search(prompt_id=self.prompt))


@pytest.fixture
def editor(pages: Pages) -> Editor:
    prompt, version = pages.api.prompt()
    # Nothing is asked: these tests are about what is started.
    pages.container.engine.stop(0)
    return Editor(pages, prompt.id, version.id)


def at_studio(pages: Pages, method: str, path: str, **body: Any) -> None:
    """What a person does in Label Studio itself."""
    headers = {"Authorization": f"Token {pages.studio.token}"}
    httpx.request(
        method, f"{pages.studio.url}/{path}", headers=headers, json=body
    ).raise_for_status()


def calls(pages: Pages) -> Counter[str]:
    """What Label Studio was asked so far, by method and route."""
    return Counter(pages.studio.state()["calls"])


# What it shows


@pytest.mark.slow
def test_page_shows_text_model_variables_and_how_many_tasks_each_baseline_has(
    editor: Editor,
) -> None:
    page = editor.pages.get(editor.path)
    assert page.status == 200
    assert page.fields("#editor")["text"] == "Which? {text}"
    assert page.fields("#editor")["model"] == "simulated"
    assert [each.attributes["data-insert"] for each in page.all("[data-insert]")] == ["{text}"]
    assert "Ground Truths 6" in page.text(".baseline")
    assert "All Project Tasks 10" in page.text(".baseline")
    assert page.text("#run-label") == "Evaluate 6 tasks"
    assert len(page.html) < 150_000


@pytest.mark.slow
def test_prompt_without_a_version_starts_from_the_labeling_instructions(pages: Pages) -> None:
    instruction = "<p>Say <b>a</b> or b, as in {json}.</p>"
    project, _ = pages.studio.seed(CONFIG, [{"data": {"text": "x"}}])
    at_studio(pages, "PATCH", f"api/projects/{project}/", expert_instruction=instruction)
    prompt = pages.api.client.prompts.create(title="New", associated_projects=[project])
    path = f"/ui/prompts/{prompt.id}"
    form = pages.get(path).fields("#editor")
    assert form["text"] == "Say a or b, as in {{json}}.\n\n{text}\n"
    done = pages.post(f"{path}/editor", **form, do="save")
    assert "Version 1 is made." in done.text(".notice")
    [version] = pages.container.store.prompts.versions(prompt.id)
    assert (version.title, version.text) == ("Version 1", form["text"])


@pytest.mark.slow
def test_prompt_without_instructions_starts_from_the_tasks_fields(pages: Pages) -> None:
    prompt = pages.api.client.prompts.create(title="New", associated_projects=[pages.project])
    form = pages.get(f"/ui/prompts/{prompt.id}").fields("#editor")
    assert form["text"] == "Read the task and choose what fits best.\n\n{text}\n"


@pytest.mark.slow
def test_other_text_than_ours_is_shown_as_text_everywhere(pages: Pages) -> None:
    rows = [{"data": {"text": EVIL, EVIL: "v"}}]
    project, _ = pages.studio.seed(CONFIG, rows, title=EVIL)
    prompt = pages.api.client.prompts.create(title=EVIL, associated_projects=[project])
    container = pages.container
    version = container.store.prompts.create_version(
        prompt.id, title=EVIL[:100], text=f"{{text}} {EVIL}", provider="Custom", model=EVIL,
        connection_id=None, max_few_shot_examples=0, parameters={},
    )  # fmt: skip
    path = f"/ui/prompts/{prompt.id}"
    page = pages.get(path)
    preview = pages.post(f"{path}/preview", htmx=True, **page.fields("#editor"))
    saved = pages.post(f"{path}/editor", **page.fields("#editor") | {"text": EVIL}, do="save")
    for each in (page, preview, saved, pages.htmx(f"{path}/predict-all")):
        assert "<script>alert" not in each.html
        assert not each.all("[onmouseover]")
        assert " 49 " not in each.text()
    assert page.fields("#editor")["text"] == version.text
    assert EVIL in " ".join(each.text() for each in preview.all("pre"))


@pytest.mark.slow
def test_connections_are_those_of_the_caller_and_never_their_secrets(editor: Editor) -> None:
    mine = editor.pages.api.connection()
    page = editor.pages.get(editor.path)
    values = [each.attributes["value"] for each in page.all("#connection option")]
    assert values == ["environment", str(mine.id), "baseline"]
    assert not any(secret in page.html for secret in SECRETS)


@pytest.mark.slow
def test_a_version_of_another_persons_connection_is_not_changed_with_it(editor: Editor) -> None:
    editor.pages.api.let_inside()
    other = editor.pages.api.as_user()
    theirs = other.model_providers.create(
        provider="Custom", endpoint=editor.pages.simulator.url, api_key="k", scope="User"
    )
    refused = editor.send("save", connection=str(theirs.id))
    assert "no connection" in refused.text("[role=alert]")
    store = editor.pages.container.store
    store.prompts.update_version(editor.version, connection_id=theirs.id)
    assert editor.form["connection"] == "kept"
    before = editor.versions[0]
    refused = editor.send("save", text="Now {text}")
    assert "not for you to use" in refused.text("[role=alert]")
    assert editor.versions[0] == before
    assert "not yours" in editor.send("save-as").text("[role=alert]")
    assert "not for you to use" in editor.send("run").text("[role=alert]")
    assert editor.runs == []


@pytest.mark.slow
def test_prompt_without_a_project_can_be_written_and_not_run(pages: Pages) -> None:
    prompt = pages.api.client.prompts.create(title="Alone")
    path = f"/ui/prompts/{prompt.id}"
    page = pages.get(path)
    assert not page.all("[name=baseline], #estimate, #preview, [value=run]")
    pages.post(f"{path}/editor", **page.fields("#editor") | {"text": "Which?"}, do="save")
    assert pages.get(path).fields("#editor")["text"] == "Which?"
    for what in ("predict-all", "editor"):
        refused = pages.post(f"{path}/{what}", text="x", do="run")
        assert "no project that you see" in refused.text("[role=alert]")


@pytest.mark.slow
def test_labeling_config_that_cannot_be_answered_is_named_and_the_text_kept(
    editor: Editor,
) -> None:
    config = '<View><Video name="v" value="$v"/></View>'
    at_studio(editor.pages, "PATCH", f"api/projects/{editor.pages.project}/", label_config=config)
    page = editor.pages.get(editor.path)
    assert page.fields("#editor")["text"] == "Which? {text}"
    assert page.text(".editor .caution")
    assert page.text(".editor .caution") in editor.fragment("estimate").text()
    assert editor.send("run").status == 422
    assert editor.runs == []


# Saving


@pytest.mark.slow
def test_save_changes_the_version_that_is_shown(editor: Editor) -> None:
    page = editor.send("save", text="Which one?\r\n{text}", few_shot="2", connection="baseline")
    assert "Version 1 is saved." in page.text(".notice")
    [version] = editor.versions
    assert version.text == "Which one?\n{text}"
    assert (version.max_few_shot_examples, version.provider) == (2, "Baseline")
    assert "Nothing was changed" in editor.send("save").text(".notice")


@pytest.mark.slow
@pytest.mark.parametrize(("title", "made"), [("", "Version 2"), ("Short one", "Short one")])
def test_save_as_makes_a_version(editor: Editor, title: str, made: str) -> None:
    page = editor.send("save-as", text="Else {text}", title=title)
    assert f"{made} is made." in page.text(".notice")
    assert [(each.title, each.text) for each in editor.versions] == [
        ("Version 1", "Which? {text}"),
        (made, "Else {text}"),
    ]
    assert page.text("#shown-version option[selected]") == made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"text": "Which {txet}?"}, "uses {txet}"),
        ({"text": " "}, "prompt is empty"),
        ({"few_shot": "many"}, "whole number from 0 to 1,000"),
        ({"few_shot": "1001"}, "whole number from 0 to 1,000"),
        ({"connection": "987"}, "no connection 987"),
        ({"connection": "<script>"}, "Give a whole number"),
        ({"model": "m" * 201}, "201 characters"),
        ({"seen": "before"}, "changed by somebody else"),
    ],
)
def test_what_cannot_be_saved_comes_back_with_all_that_was_typed(
    editor: Editor, changed: dict[str, str], said: str
) -> None:
    typed = {"text": "Typed {text}", **changed}
    page = editor.send("save", **typed)
    assert page.status in (404, 409, 422)
    assert said in page.text("#editor-alert")
    assert page.fields("#editor")["text"] == typed["text"].strip("\n")
    by_htmx = editor.send("save", htmx=True, **typed)
    assert by_htmx.response.headers["HX-Retarget"] == "#editor-alert"
    assert said in by_htmx.text()
    assert editor.versions[0].text == "Which? {text}"


@pytest.mark.slow
def test_saving_takes_access_to_all_projects_and_running_does_not(editor: Editor) -> None:
    pages = editor.pages
    second, _ = pages.studio.seed(CONFIG, [{"data": {"text": "x"}}])
    pages.api.client.prompts.update(editor.prompt, associated_projects=[pages.project, second])
    pages.api.as_user(hidden=[second])
    with pages.api.app.test_client() as client:
        sign_in(client, STRANGER)
        theirs = Editor(Pages(pages.api, client), editor.prompt, editor.version)
        assert "further projects" in theirs.send("save", text="x {text}").text("[role=alert]")
        assert "6 tasks will be asked" in theirs.send("run").text(".notice")
    [run] = editor.runs
    assert run.created_by is not None
    assert run.created_by.username == "other"


@pytest.mark.slow
def test_what_is_nobodys_business_is_not_there(editor: Editor) -> None:
    pages = editor.pages
    pages.api.as_user(hidden=[pages.project])
    with pages.api.app.test_client() as client:
        sign_in(client, STRANGER)
        stranger = Pages(pages.api, client)
        assert stranger.get(editor.path).status == 404
        for what in ("editor", "preview", "estimate", "predict-all"):
            assert stranger.post(f"{editor.path}/{what}", text="x").status == 404


# Running


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "subset", "slot", "total"),
    [
        ({}, Subset.HAS_GT, Slot.EVALUATE, 6),
        ({"truth": "annotations"}, Subset.HAS_GT, Slot.EVALUATE, 6),
        ({"baseline": "Sample", "sample_size": "3"}, Subset.SAMPLE, Slot.EVALUATE, 3),
        ({"baseline": "Sample", "sample_size": "99"}, Subset.SAMPLE, Slot.EVALUATE, 10),
        ({"baseline": "All"}, Subset.ALL, Slot.ALL, 10),
        ({"baseline": "All", "only_missing": "on"}, Subset.ALL, Slot.ALL, 10),
        ({"baseline": "Custom", "tasks": "{2}, {3}-{5}"}, Subset.CUSTOM, Slot.EVALUATE, 4),
    ],
)
def test_each_baseline_starts_a_run_of_its_tasks(
    editor: Editor, typed: dict[str, str], subset: Subset, slot: Slot, total: int
) -> None:
    typed = {name: value.format(*editor.pages.api.tasks) for name, value in typed.items()}
    typed["said"] = typed.get("baseline", "HasGT")
    page = editor.send("run", samples="2", estimated="0.25", **typed)
    assert f"{total} tasks will be asked." in page.text(".notice")
    [run] = editor.runs
    assert (run.subset, run.slot, run.totals.total) == (subset, slot, total)
    assert (run.options.samples, run.options.estimated) == (2, 0.25)
    assert run.truth is TruthSource(typed.get("truth", "ground_truth"))
    assert run.created_by is not None
    assert f"0 / {total}" in page.text("#run")


@pytest.mark.slow
def test_random_sample_is_drawn_by_its_seed(editor: Editor) -> None:
    form = {"baseline": "Sample", "said": "Sample", "sample": "random", "sample_size": "4"}
    for seed in ("7", "7", "8"):
        editor.send("run", seed=seed, **form)
        # The same again while it goes on would be the same run.
        editor.pages.container.runs.cancel(editor.runs[0])
    last, same, first = (each.options.task_ids for each in editor.runs)
    assert first == same != last
    assert len(first) == 4


@pytest.mark.slow
def test_tab_of_the_data_manager_is_a_baseline(editor: Editor) -> None:
    tasks = editor.pages.api.tasks[3:5]
    query = {"selectedItems": {"all": False, "included": tasks}, "title": "Odd ones"}
    at_studio(editor.pages, "POST", "api/dm/views/", project=editor.pages.project, data=query)
    page = editor.pages.get(editor.path)
    assert page.text("#tab option") == "Odd ones"
    editor.send("run", baseline="Tab", said="Tab", tab=page.fields("#editor")["tab"])
    [run] = editor.runs
    assert list(run.options.task_ids) == tasks
    refused = editor.send("run", baseline="Tab", said="Tab", tab="987")
    assert "no longer there" in refused.text("[role=alert]")


@pytest.mark.slow
@each_row(
    ("typed", "said"),
    [
        ({"baseline": "Custom", "tasks": ""}, "No task is chosen"),
        ({"baseline": "Custom", "tasks": "1, x"}, "'x' is no task id"),
        ({"baseline": "Custom", "tasks": "9-2"}, "'9-2' is no task id"),
        ({"baseline": "Custom", "tasks": "1-999999999"}, "More than 100,000"),
        ({"baseline": "Custom", "tasks": "987654"}, "no task 987654"),
        ({"baseline": "Sample", "sample_size": "0"}, "whole number from 1"),
        ({"baseline": "Sample", "sample": "random", "seed": "-1"}, "whole number from 0"),
        ({"baseline": "Everything"}, "No tasks are chosen"),
        ({"budget": "much"}, "Give dollars above 0"),
        ({"budget": "0"}, "Give dollars above 0"),
        ({"budget": "1"}, "price is unknown"),
        ({"samples": "26"}, "whole number from 1 to 25"),
    ],
)
def test_what_cannot_run_is_refused_and_nothing_saved(
    editor: Editor, typed: dict[str, str], said: str
) -> None:
    typed = {**typed, "said": typed.get("baseline", "HasGT")}
    page = editor.send("run", text="Changed {text}", **typed)
    assert said in page.text("#editor-alert")
    assert page.fields("#editor")["text"] == "Changed {text}"
    assert editor.runs == []
    assert editor.versions[0].text == "Which? {text}"


@pytest.mark.slow
def test_run_saves_a_changed_text_first_and_says_so(editor: Editor) -> None:
    page = editor.send("run", text="Changed {text}")
    assert "Version 1 was saved first" in page.text(".notice")
    [run] = editor.runs
    assert run.snapshot.text == editor.versions[0].text == "Changed {text}"


@pytest.mark.slow
def test_ground_truth_is_read_once_for_a_run_whose_text_was_changed(editor: Editor) -> None:
    form = editor.form
    editor.pages.post(
        f"{editor.path}/editor?version={editor.version}", follow=False, **{**form, "do": "run"}
    )
    before = calls(editor.pages)
    changed = {**form, "do": "run", "text": "Which topic? {text}"}
    path = f"{editor.path}/editor?version={editor.version}"
    editor.pages.post(path, follow=False, **changed)
    assert [run.totals.total for run in editor.runs] == [6, 6]
    assert (calls(editor.pages) - before)["GET /api/tasks/"] == 1


@pytest.mark.slow
def test_button_that_could_not_count_asks_again_with_the_number(editor: Editor) -> None:
    """A page without script: the button still speaks of the baseline the page came with."""
    typed = {"baseline": "Sample", "sample_size": "3", "text": "Changed {text}"}
    asked = editor.send("run", **typed)
    assert asked.text("h1") == "Run 3 tasks?"
    assert editor.runs == []
    done = editor.pages.post(f"{editor.path}/editor", **asked.fields("main form"))
    assert "3 tasks will be asked" in done.text(".notice")
    assert editor.runs[0].snapshot.text == "Changed {text}"


# Preview and estimate


@pytest.mark.slow
def test_preview_shows_the_very_messages_of_an_unsaved_text(editor: Editor) -> None:
    shown = editor.fragment("preview", text="Tell me: {text}!")
    assert "Tell me: <text>message 0</text>!" in shown.text("pre")
    assert '"enum"' in shown.text("details pre")
    [before, after] = shown.all("button[name=preview]")
    assert "disabled" in before.attributes
    further = editor.fragment("preview", preview=after.attributes["value"])
    assert "message 1" in further.text("pre")
    again = editor.fragment("preview", preview_task=str(editor.pages.api.tasks[7]))
    assert "message 7" in again.text("pre")
    assert editor.versions[0].text == "Which? {text}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"text": "Which {txet}?"}, "uses {txet}"),
        ({"text": ""}, "prompt is empty"),
        ({"preview": "987654"}, "no task 987654"),
    ],
)
def test_preview_says_what_is_wrong(editor: Editor, typed: dict[str, str], said: str) -> None:
    shown = editor.fragment("preview", **typed)
    assert shown.status == 200
    assert said in shown.text()


@pytest.mark.slow
def test_required_variable_that_is_not_used_is_marked(editor: Editor) -> None:
    shown = editor.fragment("preview", text="Which topic?")
    assert "{text}" in shown.text("#variable-notes")
    assert "Not used" in shown.text("#variable-notes .badge")
    assert editor.fragment("preview").text("#variable-notes") == ""


@pytest.mark.slow
def test_preview_comes_without_script_and_keeps_what_was_typed(editor: Editor) -> None:
    page = editor.send("", text="Tell me: {text}!", preview="")
    assert "Tell me: <text>message 0</text>!" in page.text("#preview pre")
    assert "6 tasks" in page.text("#estimate")
    assert page.fields("#editor")["text"] == "Tell me: {text}!"
    assert editor.versions[0].text == "Which? {text}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "button"),
    [
        ({}, "Evaluate 6 tasks"),
        ({"truth": "annotations"}, "Evaluate 6 tasks"),
        ({"baseline": "Sample", "sample_size": "3"}, "Run 3 tasks"),
        ({"baseline": "All"}, "Run 10 tasks"),
        ({"baseline": "All", "only_missing": "on"}, "Run 10 tasks"),
        ({"baseline": "Custom", "tasks": "{3}"}, "Run 1 task"),
    ],
)
def test_estimate_counts_the_tasks_and_never_calls_an_unknown_price_nothing(
    editor: Editor, typed: dict[str, str], button: str
) -> None:
    typed = {name: value.format(*editor.pages.api.tasks) for name, value in typed.items()}
    shown = editor.fragment("estimate", **typed)
    assert shown.text("#run-label") == button
    assert "Cost unknown" in shown.text()
    assert "$0" not in shown.text("p:not(.small-text)")
    assert shown.all("[name=price_in]")
    assert "completion tokens" in shown.text()


@pytest.mark.slow
def test_estimate_has_dollars_an_interval_and_where_the_price_is_from(editor: Editor) -> None:
    pages = editor.pages
    connection = pages.api.connection()
    pages.container.store.connections.update(connection.id, prices={"simulated": [2.0, 8.0]})
    shown = editor.fragment("estimate", connection=str(connection.id))
    assert "≈ $0.0" in shown.text("strong")
    assert " to $0.0" in shown.text()
    assert "Price: given for this connection." in shown.text()
    assert float(shown.one("[name=estimated]").attributes["value"] or 0) > 0
    free = editor.fragment("estimate", connection="baseline")
    assert "Free" in free.text("strong")


@pytest.mark.slow
def test_estimate_says_what_keeps_a_run_from_starting(editor: Editor) -> None:
    assert "uses {txet}" in editor.fragment("estimate", text="{txet}").text()
    assert "No task is chosen" in editor.fragment("estimate", baseline="Custom").text()


# All tasks


@pytest.mark.slow
def test_predictions_for_all_tasks_are_asked_for_with_their_number(editor: Editor) -> None:
    pages = editor.pages
    label = "Topics__Version 1"
    own(
        pages.container.store,
        pages.container.studio.url,
        pages.project,
        label,
        editor.prompt,
        editor.version,
    )
    rows = [{"task": each, "result": [], "model_version": label} for each in pages.api.tasks[:4]]
    pages.container.studio.import_predictions(pages.project, rows)
    dialog = pages.htmx(f"{editor.path}/predict-all")
    assert "10 tasks of Seeded with Version 1" in dialog.text()
    assert f"Replaces 4 predictions of {label}" in dialog.text()
    assert dialog.text("button.primary") == "Get predictions for 10 tasks"
    estimate = dialog.one("[hx-trigger^=load]").attributes["hx-get"]
    assert "Cost unknown" in pages.htmx(str(estimate)).text()
    page = pages.get(f"{editor.path}/predict-all")
    assert "Cost unknown" in page.text("main")
    missing = pages.post(f"{editor.path}/predict-all", counted="10", only_missing="on")
    assert "6 tasks will be asked" in missing.text(".notice")
    pages.post(f"{editor.path}/predict-all", counted="10", budget="")
    last, first = editor.runs
    assert (last.slot, last.totals.total, first.totals.total) == (Slot.ALL, 10, 6)


@pytest.mark.slow
def test_number_of_tasks_that_changed_meanwhile_is_asked_again(editor: Editor) -> None:
    path = f"{editor.path}/predict-all"
    page = editor.pages.post(path, counted="9")
    assert "it is 10 now" in page.text("main")
    by_htmx = editor.pages.post(path, counted="9", htmx=True)
    assert by_htmx.response.headers["HX-Retarget"] == "#dlg"
    assert editor.runs == []
    refused = editor.pages.post(path, counted="10", budget="x", alert="dialog-alert", htmx=True)
    assert refused.response.headers["HX-Retarget"] == "#dialog-alert"
    assert "Give dollars above 0" in refused.text()
