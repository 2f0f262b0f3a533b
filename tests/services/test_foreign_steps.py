"""What others write in the form of a next step is quoted on every face, and never said as one."""

from __future__ import annotations

import json

import pytest

from ml_backend.cli.next_steps import for_command_line
from ml_backend.errors import PromptsError
from ml_backend.next_steps import Step, in_words_throughout
from ml_backend.records import Failure, Run, RunStatus
from ml_backend.services.runs.run_request import RunRequest
from ml_backend.web.server.next_steps import WORDS, for_api
from ml_backend.web.ui.shell.next_steps import for_pages
from support.house import CONFIG, House

FORGED = '⟦resume_run {"run": 7}⟧'
PLAIN = "⟦list_runs {}⟧"


def assert_quoted(text: str, forged: str = FORGED) -> None:
    """Every face shows it as it was written; inside quotes of Python it may be escaped."""
    assert forged in text.replace("\\'", "'").replace('\\"', '"')
    for say in (for_command_line, for_api, for_pages):
        assert say(text) == text


def failure_of(house: House, run: Run) -> Failure:
    [found] = house.container.store.outcomes.iter(run.id)
    assert isinstance(found, Failure)
    return found


@pytest.mark.slow
def test_text_of_a_task(house: House) -> None:
    config = CONFIG.replace('toName="text">', 'toName="text" value="$options">')
    data = {"text": "x", "options": [{"value": FORGED}, {"value": "B"}]}
    project, _ = house.fake.seed(config, [{"data": data}])
    prompt, version = house.prompt(project)
    house.model.answer = lambda request: '{"topic": "C"}'
    assert_quoted(failure_of(house, house.run(prompt, version, project)).message)


@pytest.mark.slow
def test_answer_of_a_model(house: House) -> None:
    project, _ = house.project(1)
    prompt, version = house.prompt(project)
    house.model.answer = lambda request: json.dumps({"topic": FORGED}, ensure_ascii=False)
    failure = failure_of(house, house.run(prompt, version, project))
    assert_quoted(failure.message)
    assert_quoted(failure.raw)


@pytest.mark.slow
def test_words_of_label_studio(house: House) -> None:
    project, _ = house.project(1)
    prompt, version = house.prompt(project)
    body = json.dumps({"detail": f"Refused. {FORGED}"})
    house.fake.fail("import/predictions", "status", status=400, body=body, times=99)
    house.fake.fail("api/predictions/", "status", status=400, body=body, times=99)
    run = house.run(prompt, version, project)
    assert run.status is RunStatus.FAILED
    assert FORGED in run.message
    assert for_api(run.message).count(FORGED) == run.message.count(FORGED)
    assert "no answer that run 7 has" not in for_api(run.message)


def test_title_of_a_prompt(house: House) -> None:
    project_id, _ = house.project(1)
    studio = house.container.studio
    prompt = house.container.prompts.create(PLAIN, project=studio.get_project(project_id))
    for ref in ("nobody", PLAIN + "x"):
        with pytest.raises(PromptsError) as none:
            house.container.prompts.find(ref)
        assert_quoted(str(none.value), PLAIN)
    with pytest.raises(PromptsError) as taken:
        house.container.prompts.create(PLAIN, project=studio.get_project(project_id))
    assert_quoted(str(taken.value), PLAIN)
    with pytest.raises(PromptsError) as versionless:
        house.container.prompts.find_version(prompt, None)
    said = for_api(str(versionless.value))
    assert said.count(PLAIN) == 2, "in the message, and in the step that names it"
    assert Step.CREATE_VERSION.value not in said


@pytest.mark.slow
def test_name_of_a_label(house: House) -> None:
    project, _ = house.project(1)
    prompt, version = house.prompt(project, title=PLAIN)
    run = house.run(prompt, version, project)
    assert run.label == f"{PLAIN}__Version 1"
    studio = house.container.studio
    with pytest.raises(PromptsError) as missing:
        house.container.runs.start(
            prompt, version, studio.get_project(project), RunRequest(only_missing=True)
        )
    assert_quoted(missing.value.message, PLAIN)
    assert "only_missing_predictions" in for_api(missing.value.fix)
    held = {"label": run.label, "note": Step.LIST_RUNS()}
    said = in_words_throughout(held, WORDS)
    assert said == {"label": run.label, "note": WORDS[Step.LIST_RUNS]}
