"""Something of all that pages show, in a project that one person sees and another does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from ml_backend.records import Job, JobKind, RunStatus, Slot
from ml_backend.records.promises import PromiseSample
from ml_backend.store import Drawn, NewAcceptance
from support.api import STRANGER, task
from support.measured import choices, measured_run
from support.pages import Page, Pages, csrf_of, sign_in
from support.wire import CONFIG

SECRET = "Quokka"
"""In the names and texts of all that a stranger has no access to."""

KEY = "sk-0123456789-9876"

Fields = dict[str, Any]

CASES: dict[str, Fields] = {
    # Lists: everybody's, of what is theirs
    "ui.home": {},
    "ui.list_prompts": {},
    "ui.list_connections": {},
    "ui.new_connection": {},
    "ui.create_connection": {"title": "", "provider": "Custom", "budget_period": "Monthly"},
    "ui.new_prompt": {},
    "ui.ask_import": {},
    "ui.show_health": {},
    "ui.show_checks": {},
    "ui.show_ready": {},
    "ui.unknown": {},
    # Of a project
    "ui.choose_project": {"project": "project"},
    "ui.create_prompt": {"project": "project", "title": "Mine", "text": "Which? {text}"},
    "ui.take_import": {"project": "project", "text": "title: New\nversions: []"},
    "ui.show_connection": {"project": "project"},
    "ui.connect_project": {"project": "project"},
    "ui.ask_disconnect": {"project": "project"},
    "ui.disconnect_project": {"project": "project"},
    "ui.show_ground_truth": {"project": "project"},
    "ui.ask_ground_truth": {"project": "project", "do": "unmark", "scope": "all"},
    "ui.take_ground_truth": {"project": "project", "do": "unmark", "scope": "all", "counted": "6"},
    "ui.list_predictions": {"project": "project", "counted": "1"},
    "ui.show_in_label_stream": {"project": "project", "model_version": "none such"},
    "ui.ask_predictions": {"project": "project", "of": "of the prompt"},
    "ui.count_predictions": {"project": "project", "of": "of the prompt"},
    "ui.begin_predictions": {"project": "project", "of": "of the prompt", "counted": "4"},
    # Of a prompt
    "ui.show_row": {},
    "ui.edit_prompt": {},
    "ui.export_prompt": {},
    "ui.take_edit": {"title": "Changed"},
    "ui.rebind_prompt": {"project": "project"},
    "ui.ask_delete_prompt": {},
    "ui.count_delete": {},
    "ui.take_delete": {"predictions": "4"},
    "ui.show_prompt": {},
    "ui.prompt_tab": {},
    "ui.comparison_result": {"versions": "version"},
    "ui.comparison_grid": {"versions": "version"},
    "ui.show_acceptable": {},
    "ui.ask_draw": {},
    "ui.draw_sample": {"counted": "1"},
    "ui.open_promise_sample": {},
    "ui.ask_promise_sample": {},
    "ui.ask_withdraw": {},
    "ui.withdraw_sample": {"reason": "no more"},
    "ui.ask_create": {"min_score": "0.5"},
    "ui.create_accepted": {"min_score": "0.5", "counted": "1"},
    "ui.ask_take_back": {},
    "ui.take_back": {"counted": "1"},
    "ui.ask_review": {},
    "ui.send_to_people": {},
    "ui.stop_sending": {},
    "ui.show_score": {},
    "ui.show_difference": {},
    "ui.take_editor": {"text": "Changed {text}", "connection": "environment", "few_shot": "0"},
    "ui.preview_prompt": {"text": "Which? {text}", "connection": "environment", "few_shot": "0"},
    "ui.take_try": {"text": "Which? {text}", "connection": "environment", "few_shot": "0"},
    "ui.estimate_run": {
        "text": "Which? {text}", "connection": "environment", "few_shot": "0", "baseline": "All",
    },
    "ui.ask_predict_all": {},
    "ui.estimate_predict_all": {},
    "ui.predict_all": {"counted": "10"},
    "ui.ask_enhance": {"count": "1", "model": "m"},
    "ui.show_outlook": {"model": "m"},
    "ui.begin_enhance": {"model": "m"},
    "ui.show_enhance": {},
    "ui.ask_race": {"count": "1", "model_0": "m", "model_1": "n"},
    "ui.show_race_plan": {"model_0": "m", "model_1": "n"},
    "ui.list_race_models": {},
    "ui.begin_race": {"model_0": "m", "model_1": "n"},
    "ui.show_race": {},
    "ui.cancel_race": {},
    "ui.save_race_winner": {"title": "Version 7"},
    "ui.save_suggestion": {"text": "Better {text}", "title": "Version 9"},
    "ui.evaluate_suggestion": {"saved": "version"},
    "ui.ask_restore": {},
    "ui.restore": {"title": "Version 8"},
    "ui.ask_activate": {},
    "ui.activate": {},
    "ui.ask_automatic": {},
    "ui.choose_automatically": {},
    "ui.undo_version": {},
    "ui.ask_delete_version": {"count": "1"},
    "ui.delete_version": {"count": "4"},
    # Of a run
    "ui.history_row": {},
    "ui.run_asked": {},
    "ui.results_csv": {},
    "ui.new_results": {"seen": "0"},
    "ui.show_progress": {},
    "ui.cancel_run": {},
    "ui.resume_run": {},
    "ui.retry_run": {},
    "ui.show_report": {},
    "ui.show_task": {},
    "ui.show_messages": {},
    "ui.confirm_acceptance": {},
    "ui.accept": {},
    "ui.mark_right": {},
    "ui.check_labels": {},
    "ui.decide_label": {"decision": "prompt"},
    # Of a job
    "ui.show_job": {},
    "ui.show_outcome": {},
    "ui.show_marks": {},
    # Of a connection
    "ui.edit_connection": {},
    "ui.update_connection": {"title": "Changed", "budget_period": "Monthly"},
    "ui.test_connection": {},
    "ui.measure_connection": {},
    "ui.ask_delete_connection": {},
    "ui.delete_connection": {},
    "ui.give_price": {
        "priced_connection": "ref", "priced_model": "m", "price_in": "1", "price_out": "2",
    },
}  # fmt: skip
"""What needs a session, with what is sent; "project" and the like stand for the world's ids."""

LISTS = frozenset(list(CASES)[: list(CASES).index("ui.choose_project")])
OPEN = frozenset({"ui.sign_in", "ui.take_sign_in", "ui.color_scheme", "ui.sign_out"})
"""What is held by tests of its own, test_sign_in.py."""


def suggested(mark: str) -> Fields:
    return {
        "prompt": f"{mark} {{text}}", "reasoning": mark, "diff": "", "drafted": False,
        "examples": 3, "held_out": 2, "saw_tasks": True, "cost": None, "prompt_tokens": 900,
        "completion_tokens": 100,
    }  # fmt: skip


def raced_job(mark: str) -> tuple[Fields, Fields]:
    """A race as its job keeps it: what was asked, and what came of it."""
    entrants = [
        {
            "model": f"{mark} {name}", "connection_id": None, "connection": "environment",
            "provider": "Custom", "few_shot": 0,
        }
        for name in ("good", "cheap")
    ]  # fmt: skip
    rows = [
        {
            **each, "name": each["model"], "state": state, "by": "", "message": "", "tasks": 40,
            "measured_on": "held out", "score": 0.9, "low": 0.8, "high": 0.95, "accuracy": 0.9,
            "failures": {"refused": 1}, "cost_per_task": 0.001, "seconds_per_task": 0.4,
            "project_cost": 0.1, "calls": 100,
        }
        for each, state in zip(entrants, ("left", "winner"), strict=True)
    ]  # fmt: skip
    result = {
        "truth": "ground_truth", "tolerance": 0.05, "with_truth": 100, "alike": 0, "to_race": 60,
        "raced": 60, "to_hold": 40, "left": [each["name"] for each in rows], "models": rows,
        "measure": "accuracy", "winner": rows[1]["name"], "best": rows[0]["name"],
        "is_shown": False, "shortfall": 0.01, "shortfall_most": 0.08, "not_told_apart": [],
        "more_tasks": 300, "pairs": [], "sentence": f"{mark} cheap is the cheapest.",
        "stopped": "", "spent": 0.2, "calls": 160, "all_calls": 200, "project_tasks": 100,
        "is_over": True,
    }  # fmt: skip
    asked = {
        "entrants": entrants, "tolerance": 0.05, "budget": None, "truth": None, "seed": "s",
        "text": "Which? {text}", "parameters": {}, "system_prompt": "",
    }  # fmt: skip
    return asked, result


@dataclass(frozen=True, slots=True)
class Call:
    """A request of one endpoint."""

    endpoint: str
    method: str
    path: str
    fields: Fields

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.fields}"

    def send(self, client: FlaskClient, csrf: str = "", **headers: str) -> Page:
        if self.method == "GET":
            return Page(client.get(self.path, query_string=self.fields, headers=headers))
        data = {"csrf_token": csrf, **self.fields} if csrf else self.fields
        return Page(client.post(self.path, data=data, headers=headers))


class World:
    """The rows, and each endpoint of the pages as a request about them."""

    def __init__(
        self, pages: Pages, tasks: int = 10, mark: str = SECRET, text: str = SECRET
    ) -> None:
        """``mark`` is in the names of all that a stranger has no access to, ``text`` in tasks."""
        self.pages, self.api = pages, pages.api
        rows = [task(n, "ab"[n % 2] if n < 6 else None) for n in range(tasks)]
        for row in rows:
            row["data"]["text"] += f" {text}"
        title = f"{mark} project"
        self.api.project, self.api.tasks = pages.studio.seed(CONFIG, rows, title=title)
        given = {n: each for n, each in enumerate(("a", "b", "b", None, "a")) if n < tasks}
        self.run = measured_run(pages, choices(pages, given), title=f"{mark} prompt")
        store = pages.container.store
        self.prompt = store.prompts.get(self.run.prompt_id)
        owner = pages.container.studio.whoami().person
        request = {"teacher": mark, "connection_id": None}
        self.suggestion = self._job(JobKind.REFINE, request, suggested(mark))
        self.race = self._job(JobKind.RACE, *raced_job(mark))
        request = {"title": mark, "all": True}
        deleted = {"deleted": 4, "model_versions": [], "notes": []}
        self.deletion = self._job(JobKind.DELETE_PREDICTIONS, request, deleted)
        request = {"title": mark, "all": True, "ground_truth": True}
        counts = {"marked": 6, "ground_truth_tasks": 6, "annotated_tasks": 6, "notes": []}
        self.marking = self._job(JobKind.GROUND_TRUTH, request, counts)
        self.connection = store.connections.create(
            title=f"{mark} connection",
            provider="Custom",
            api_key=KEY,
            secrets={},
            endpoint=pages.simulator.url,
            scope="User",
            created_by=owner,
        )

        self.promise = self._promise(mark)
        accepted = NewAcceptance(
            project_id=self.api.project,
            project_made_at=None,
            prompt_id=self.prompt.id,
            version_id=self.run.version_id,
            selection={"model_versions": [f"{mark} prompt__Version 1"]},
            threshold=0.5,
            promise_id=None,
            studio_user=None,
            created_by=owner,
        )
        self.acceptance = store.acceptances.begin(accepted, [])
        store.acceptances.complete(self.acceptance)

    def _promise(self, mark: str) -> PromiseSample:
        """A promise sample that was withdrawn: it closes no task, and keeps no prediction."""
        store = self.pages.container.store.promises
        drawn = Drawn(
            project_id=self.api.project,
            project_made_at=None,
            prompt_id=self.prompt.id,
            version_id=self.run.version_id,
            label=f"{mark} prompt__Version 1",
            slot=Slot.ALL,
            seed="0",
            snapshot={},
            config_digest="",
            pool_revision=None,
            pool_digest="",
            run_ids=(),
            population=(),
            population_digest="",
            left_out={},
            max_error=0.03,
            certainty=0.95,
            several_looks=False,
        )
        sample = store.create(drawn, [], [])
        store.withdraw(sample.id, mark)
        store.returned(sample.id)
        return store.get(sample.id)

    def _job(self, kind: JobKind, request: Fields, result: Fields) -> Job:
        store = self.pages.container.store.jobs
        owner = self.pages.container.studio.whoami().person
        job, fence = store.create(
            kind,
            request,
            created_by=owner,
            seconds=60.0,
            prompt_id=self.prompt.id,
            version_id=self.run.version_id,
            project_id=self.api.project,
        )
        store.finish(job.id, fence, RunStatus.COMPLETED, message="", result=result)
        return store.get(job.id)

    def stranger(self, **user: Any) -> tuple[FlaskClient, str]:
        """A browser of somebody signed in who does not see the project, and its form token."""
        self.api.as_user(**{"hidden": [self.api.project], **user})
        client = self.api.app.test_client()
        assert sign_in(client, STRANGER).status_code == 303
        return client, csrf_of(client, "/ui/prompts")

    def ids(self, endpoint: str) -> dict[str, int | str]:
        races = dict.fromkeys(("ui.show_race", "ui.cancel_race", "ui.save_race_winner"), self.race)
        others = {"ui.show_outcome": self.deletion, "ui.show_marks": self.marking}
        job = {**others, **races}.get(endpoint, self.suggestion)
        return {
            "project": self.api.project,
            "of the prompt": f"prompt:{self.prompt.id}",
            "prompt_id": self.prompt.id,
            "version": self.run.version_id,
            "version_id": self.run.version_id,
            "run_id": self.run.id,
            "task_id": self.api.tasks[0],
            "job_id": job.id,
            "promise_id": self.promise.id,
            "sample_id": self.promise.id,
            "acceptance_id": self.acceptance,
            "connection_id": self.connection.id or 0,
            "ref": str(self.connection.id),
            "_unknown": "no-such-page",
        }

    def calls(self, **changed: int | str) -> Iterator[Call]:
        """Yield a request of every endpoint of the pages that needs a session.

        ``changed`` are ids in place of the world's.
        """
        adapter = self.api.app.url_map.bind("localhost")
        for rule in self.api.app.url_map.iter_rules():
            if not rule.endpoint.startswith("ui.") or rule.endpoint in OPEN:
                continue
            known = {**self.ids(rule.endpoint), **changed}
            fields = {
                name: known.get(value, value) if isinstance(value, str) else value
                for name, value in CASES[rule.endpoint].items()
            }
            several = {
                "action": ("delete", "promote"),
                "tab": ("results", "alignment", "accept", "versions", "compare", "history"),
            }
            [choice] = [name for name in several if name in rule.arguments] or [""]
            for value in several.get(choice, ("",)):
                values = {name: known.get(name, value) for name in rule.arguments}
                for method in sorted({"GET", "POST"} & (rule.methods or set())):
                    path = adapter.build(rule.endpoint, values, method=method)
                    yield Call(rule.endpoint, method, path, fields)
