"""Connecting, mending and disconnecting, over a fake Label Studio that calls our real app."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ml_backend.container import Container
from ml_backend.errors import (
    InvalidInput,
    LabelStudioError,
    LabelStudioRejected,
    NotFound,
)
from ml_backend.labelstudio import Backend, Project, Webhook
from ml_backend.next_steps import Step
from ml_backend.records import Slot
from ml_backend.services.connecting.backend_urls import BackendUrls
from ml_backend.services.connecting.connect import Connected
from ml_backend.services.connecting.disconnect import Disconnection
from ml_backend.settings import Settings
from ml_backend.store.project_secrets import digest_of, events_word
from support.backends import answering
from support.fake_label_studio import FakeLabelStudio
from support.house import CONFIG, ScriptedModel
from support.labels import own
from support.models import adopt
from support.serving import free_port, serving

USER, PASSWORD = "labeler", "pässword"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def bears_secret(row: dict[str, Any], hook: dict[str, Any]) -> bool:
    """Return whether a connection has its project's secret, and its webhook what is made of it."""
    user, word = row["basic_auth_user"], row["basic_auth_pass"]
    of_hook = "Basic " + base64.b64encode(f"{user}:{events_word(word)}".encode()).decode()
    is_named = user == f"project-{row['project']}-{digest_of(word)[:8]}"
    return is_named and hook["headers"] == {"Authorization": of_hook}


class Site:
    """A project in the fake Label Studio, and servers over one store."""

    def __init__(self, fake: FakeLabelStudio, folder: Path, stack: ExitStack) -> None:
        self.fake = fake
        self._folder = folder
        self._stack = stack
        self._up: dict[Container, ExitStack] = {}
        tasks = [{"data": {"text": f"text {n}"}} for n in range(3)]
        self.project_id, self.task_ids = fake.seed(CONFIG, tasks)
        self.server = self.start()
        prompts = self.server.prompts
        self.prompt = prompts.create("Topic", project=self.project)
        self.version = prompts.create_version(self.prompt, text="Label {text}")

    def start(self, *, up: bool = True, **settings: str) -> Container:
        """A server over the site's store at a port of its own."""
        container = Container(
            Settings.from_env(
                {
                    "LABEL_STUDIO_URL": self.fake.url,
                    "LABEL_STUDIO_API_KEY": self.fake.token,
                    "DATA_DIR": str(self._folder),
                    "OPENAI_BASE_URL": "http://model.invalid/v1",
                    "OPENAI_MODEL": "scripted",
                    "PORT": str(free_port()),
                    **settings,
                }
            )
        )
        adopt(container.models, container.models.default, ScriptedModel())
        self._stack.callback(container.store.close)
        self._stack.callback(container.close)
        if up:
            self._up[container] = self._stack.enter_context(ExitStack())
            self._up[container].enter_context(serving(container))
        return container

    def stop(self, server: Container) -> None:
        """Have nothing answer at a server's address any more."""
        self._up.pop(server).close()

    @property
    def project(self) -> Project:
        return self.server.studio.get_project(self.project_id)

    def connect(self, server: Container | None = None, **options: Any) -> Connected:
        return (server or self.server).connecting.connect(self.project, **options)

    def disconnect(self, server: Container | None = None) -> Disconnection:
        disconnecting = (server or self.server).disconnecting
        return disconnecting.execute(disconnecting.plan(self.project))

    def backends(self) -> list[dict[str, Any]]:
        return self.fake.state()["backends"]

    def webhooks(self) -> list[dict[str, Any]]:
        return self.fake.state()["webhooks"]

    def writes(self) -> dict[str, int]:
        calls = self.fake.state()["calls"].items()
        return {name: count for name, count in calls if not name.startswith("GET")}

    def delete_rows_by_hand(self) -> None:
        for row in self.backends():
            self.server.studio.delete_backend(row["id"])

    def set_project(self, **values: Any) -> None:
        path = f"api/projects/{self.project_id}/"
        self.server.studio._transport.send("PATCH", path, values)


@pytest.fixture
def site(fake: FakeLabelStudio, data_dir: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(fake, data_dir, stack)


@pytest.mark.slow
def test_a_project_is_connected_once(site: Site) -> None:
    first = site.connect()
    assert (first.outcome, first.state) == ("created", "CO")
    assert first.url == site.server.settings.own_address()
    assert site.project.model_version == "Prompts"
    site.fake.control(forget_calls=True)
    second = site.connect()
    assert (second.outcome, second.backend_id, second.done) == ("unchanged", first.backend_id, ())
    assert site.writes() == {}, "nothing to mend, nothing written"
    (row,), (hook,) = site.backends(), site.webhooks()
    assert hook["url"] == row["url"] + "/webhook"


@pytest.mark.slow
def test_another_name_of_this_machine_is_the_same_place(site: Site) -> None:
    first = site.connect(url=f"http://localhost:{site.server.settings.port}")
    again = site.connect()
    assert (again.outcome, again.backend_id) == ("unchanged", first.backend_id)
    assert len(site.backends()) == 1


@pytest.mark.slow
def test_with_basic_auth_both_ways_are_opened(site: Site) -> None:
    server = site.start(BASIC_AUTH_USER=USER, BASIC_AUTH_PASS=PASSWORD)
    report = site.connect(server)
    assert (report.state, "@" in report.url) == ("CO", False)
    assert PASSWORD not in repr(report)
    (row,), (hook,) = site.backends(), site.webhooks()
    assert bears_secret(row, hook)
    assert site.connect(server).outcome == "unchanged"
    assert PASSWORD not in json.dumps(site.fake.state(), ensure_ascii=False)


@pytest.mark.slow
def test_a_row_made_before_basic_auth_was_set_is_mended(site: Site) -> None:
    site.connect(extra_params={"prompt": "Topic"}, title="Ours")
    hook = site.webhooks()[0]
    guarded = site.start(BASIC_AUTH_USER=USER, BASIC_AUTH_PASS=PASSWORD)
    report = site.connect(guarded, url=guarded.settings.own_address())
    assert (report.outcome, report.state) == ("repaired", "CO")
    (row,), (mended,) = site.backends(), site.webhooks()
    assert (row["title"], row["extra_params"]) == ("Ours", {"prompt": "Topic"})
    assert bears_secret(row, mended)
    assert mended["id"] == hook["id"]
    assert mended["url"] == guarded.settings.own_address() + "/webhook"


@pytest.mark.slow
def test_the_operators_credentials_in_an_address_give_way_to_the_secret(site: Site) -> None:
    server = site.start(BASIC_AUTH_USER=USER, BASIC_AUTH_PASS="plain")
    address = server.settings.own_address().replace("//", f"//{USER}:plain@")
    server.studio.add_backend(site.project_id, address, "By hand")
    report = site.connect(server)
    assert (report.outcome, report.title, report.is_closed) == ("repaired", "By hand", True)
    assert "plain" not in json.dumps(site.fake.state())
    assert site.backends()[0]["url"] == server.settings.own_address()
    site.disconnect(server)
    assert (site.backends(), site.webhooks()) == ([], [])


@pytest.mark.slow
def test_credentials_given_with_an_address_become_basic_auth(site: Site) -> None:
    server = site.start(BASIC_AUTH_USER=USER, BASIC_AUTH_PASS=PASSWORD)
    elsewhere = site.start(up=False)  # a terminal without the server's settings
    address = server.settings.own_address().replace("//", f"//{USER}:p%C3%A4ssword@")
    report = site.connect(elsewhere, url=address)
    assert (report.state, report.is_closed) == ("CO", False)
    assert any("for a proxy" in note for note in report.notes)
    assert not site.server.store.secrets.is_closed(site.project_id)
    (row,), (hook,) = site.backends(), site.webhooks()
    assert row["url"] == server.settings.own_address()
    assert hook["headers"] == {"Authorization": BASIC}


@pytest.mark.slow
def test_the_secret_stays_until_a_new_one_is_asked_for(site: Site) -> None:
    site.connect()
    (first,) = site.backends()
    site.connect(title="Again")
    assert site.backends()[0]["basic_auth_pass"] == first["basic_auth_pass"]
    secrets = site.server.project_secrets
    pair = (first["basic_auth_user"], first["basic_auth_pass"])
    site.server.studio.add_backend(
        site.project_id,
        f"{site.server.settings.own_address()}/prompts/{site.prompt.id}",
        "Second",
        basic_auth=pair,
    )
    report = site.connect(new_secret=True)
    assert (report.outcome, report.is_closed) == ("repaired", True)
    rows, hooks = site.backends(), site.webhooks()
    assert len({row["basic_auth_pass"] for row in rows}) == 1
    assert rows[0]["basic_auth_pass"] != first["basic_auth_pass"]
    assert all(bears_secret(row, hook) for row, hook in zip(rows, hooks, strict=True))
    assert secrets.recognise(*pair) is not None, "for ten minutes"
    assert site.connect().outcome == "unchanged"
    site.disconnect()
    assert secrets.recognise(rows[0]["basic_auth_user"], rows[0]["basic_auth_pass"]) is None


@pytest.mark.slow
def test_a_new_secret_that_label_studio_refuses_leaves_the_old_one_good(site: Site) -> None:
    site.connect()
    (row,) = site.backends()
    for _ in range(6):
        site.fake.fail("api/ml/", "500_before", method="PATCH")
        with pytest.raises(LabelStudioError):
            site.connect(new_secret=True)
    found = site.server.project_secrets.recognise(row["basic_auth_user"], row["basic_auth_pass"])
    assert found is not None
    valid = site.server.store.secrets.valid(site.project_id)
    assert [each.valid_until for each in valid] == [None] * len(valid)
    assert site.connect().outcome == "repaired"


@pytest.mark.slow
def test_a_changed_secret_key_costs_a_connection_no_more_than_a_new_secret(site: Site) -> None:
    site.connect()
    (row,) = site.backends()
    other = site.start(SECRET_KEY="another key of more than thirty-two characters")
    pair = (row["basic_auth_user"], row["basic_auth_pass"])
    assert other.project_secrets.recognise(*pair) is not None
    assert site.connect(other, url=other.settings.own_address()).is_closed
    assert site.backends()[0]["basic_auth_pass"] != pair[1]


@pytest.mark.slow
def test_a_prompt_that_is_to_serve_becomes_the_projects(site: Site) -> None:
    other = site.server.prompts.create("Elsewhere", project=None)
    site.server.prompts.create_version(other, text="Say {text}")
    assert site.connect(prompt="Elsewhere").state == "CO"
    assert site.server.store.prompts.get(other.id).project_ids == (site.project_id,)


@pytest.mark.slow
def test_a_row_deleted_by_hand_comes_back_with_its_one_webhook(site: Site) -> None:
    server = site.start(BASIC_AUTH_USER=USER, BASIC_AUTH_PASS=PASSWORD)
    site.connect(server)
    site.delete_rows_by_hand()
    hook = site.webhooks()[0]
    site.server.studio.update_webhook(hook["id"], hook["url"], headers={})
    for _ in range(2):
        site.server.studio.add_webhook(site.project_id, hook["url"])
    report = site.connect(server)
    assert report.outcome == "created"
    (left,) = site.webhooks()
    assert bears_secret(site.backends()[0], left)
    assert site.project.model_version == "Prompts"


@pytest.mark.slow
def test_a_title_left_by_a_row_deleted_by_hand_is_replaced(site: Site) -> None:
    site.connect(title="One")
    site.delete_rows_by_hand()
    assert site.project.model_version == "One", "as Label Studio leaves it"
    site.connect(title="Two")
    assert site.project.model_version == "Two"
    site.delete_rows_by_hand()
    assert site.disconnect().model_version == ""
    assert not site.project.model_version


@pytest.mark.slow
def test_a_webhook_switched_off_is_switched_on(site: Site) -> None:
    site.connect()
    hook = site.webhooks()[0]
    path = f"api/webhooks/{hook['id']}/"
    for wrong in ({"is_active": False}, {"send_payload": False}, {"send_for_all_actions": False}):
        site.server.studio._transport.send("PATCH", path, wrong)
        assert site.connect().outcome == "repaired"
        (mended,) = site.webhooks()
        assert all(mended[name] for name in ("is_active", "send_payload", "send_for_all_actions"))


@pytest.mark.slow
def test_a_server_that_moved_takes_its_row_along(site: Site) -> None:
    before = site.connect(prompt="Topic")
    moved = site.start()
    site.stop(site.server)
    report = site.connect(moved)
    assert (report.outcome, report.backend_id) == ("repaired", before.backend_id)
    (row,), (hook,) = site.backends(), site.webhooks()
    assert row["url"] == f"{moved.settings.own_address()}/prompts/{site.prompt.id}"
    assert hook["url"] == row["url"] + "/webhook"


@pytest.mark.slow
def test_an_address_that_works_stays_unless_another_is_given(site: Site) -> None:
    site.connect(url=f"http://127.0.0.1:{site.server.settings.port}")
    terminal = site.start(up=False)  # its own address is not where the server is
    report = site.connect(terminal)
    assert (report.outcome, report.url) == ("unchanged", site.server.settings.own_address())


@pytest.mark.slow
def test_another_backend_stays_first_and_is_named(site: Site) -> None:
    with answering({"status": "UP", "model_version": "v"}) as url:
        site.server.studio.add_backend(site.project_id, url, "Prompts")
        report = site.connect()
        assert report.outcome == "created", "what answers there is another server"
        assert any("only asks the first" in note for note in report.notes)
        site.disconnect()
        assert [row["url"] for row in site.backends()] == [url]
        assert [row["url"] for row in site.webhooks()] == [f"{url}/webhook"]


@pytest.mark.slow
def test_a_prompt_goes_into_the_address_and_must_exist(site: Site) -> None:
    with pytest.raises(NotFound):
        site.connect(prompt="Nope")
    with pytest.raises(NotFound):
        site.connect(prompt="Topic", version="Version 9")
    with pytest.raises(InvalidInput, match="prompt it belongs to"):
        site.connect(version="Version 1")
    assert site.backends() == []
    site.connect()
    report = site.connect(prompt="Topic", version="Version 1")
    tail = f"/prompts/{site.prompt.id}/versions/{site.version.id}"
    assert (report.outcome, report.url.endswith(tail)) == ("repaired", True)
    (row,), (hook,) = site.backends(), site.webhooks()
    assert hook["url"] == row["url"] + "/webhook"
    kept = site.connect()
    assert kept.url.endswith(tail), "what serves it changes only when asked"
    assert any("served by" in note for note in kept.notes)


@pytest.mark.slow
def test_title_and_extra_params_change_when_given(site: Site) -> None:
    site.connect(title="One")
    assert site.connect().title == "One"
    changed = site.connect(title="Two", extra_params={"prompt": "Topic"})
    assert (changed.outcome, changed.title) == ("repaired", "Two")
    assert site.backends()[0]["extra_params"] == {"prompt": "Topic"}
    assert site.project.model_version == "Two"
    assert site.connect(title="Two", extra_params={"prompt": "Topic"}).outcome == "unchanged"


@pytest.mark.slow
def test_predictions_are_shown_and_a_choice_is_kept(site: Site) -> None:
    site.set_project(show_collab_predictions=False)
    site.connect()
    assert (site.project.shows_predictions, site.project.model_version) == (True, "Prompts")
    row = {"task": site.task_ids[0], "result": [], "score": None, "model_version": "theirs"}
    site.server.studio.import_predictions(site.project_id, [row])
    site.set_project(model_version="theirs")
    report = site.connect()
    assert site.project.model_version == "theirs"
    assert any("'theirs'" in note for note in report.notes)


@pytest.mark.slow
def test_a_config_with_a_prompt_area_is_connected_for_the_editor(site: Site) -> None:
    site.connect()
    assert not site.backends()[0].get("is_interactive")
    area = CONFIG.replace("<View>", '<View><TextArea name="prompt" toName="text"/>', 1)
    site.set_project(label_config=area)
    assert any("interactive" in line for line in site.connect().done)
    assert site.backends()[0]["is_interactive"]
    assert site.connect().done == ()


@pytest.mark.parametrize("url", ["ftp://x", "localhost:9090", "http://", "http://h:9090?a=1"])
@pytest.mark.slow
def test_what_is_no_address_is_refused(site: Site, url: str) -> None:
    with pytest.raises(InvalidInput):
        site.connect(url=url)


@pytest.mark.slow
def test_refusals_come_with_the_next_step_and_leave_nothing(site: Site) -> None:
    with pytest.raises(LabelStudioRejected) as down:
        site.connect(url=f"http://127.0.0.1:{free_port()}")
    assert Step.GIVE_ADDRESS() in down.value.fix
    guarded = site.start(BASIC_AUTH_USER=USER, BASIC_AUTH_PASS=PASSWORD)
    address = guarded.settings.own_address().replace("//", f"//{USER}:wrong@")
    with pytest.raises(LabelStudioRejected) as refused:
        site.connect(url=address)
    assert Step.GIVE_PROXY_PASSWORD() in refused.value.fix
    assert "wrong" not in str(refused.value)
    for block in (True, "at_once"):
        site.fake.control(settings={"block_private": block})
        with pytest.raises(LabelStudioRejected) as blocked:
            site.connect()
        assert "USE_DEFAULT_BANNED_SUBNETS" in blocked.value.fix
    assert (site.backends(), site.webhooks()) == ([], [])


@pytest.mark.slow
def test_a_connection_that_cannot_be_finished_is_taken_back(site: Site) -> None:
    server = site.start(BASIC_AUTH_USER=USER, BASIC_AUTH_PASS=PASSWORD)
    site.fake.fail("api/webhooks/", "500_before", method="PATCH")
    with pytest.raises(LabelStudioError):
        site.connect(server)
    assert (site.backends(), site.webhooks()) == ([], [])
    assert not site.project.model_version
    assert site.connect(server).outcome == "created"


@pytest.mark.slow
def test_a_row_whose_server_is_down_is_left_as_it_was(site: Site) -> None:
    site.connect()
    site.stop(site.server)
    before = site.backends()[0]
    with pytest.raises(LabelStudioRejected) as caught:
        site.connect()
    assert Step.GIVE_ADDRESS() in caught.value.fix
    assert {**site.backends()[0], "state": "CO"} == {**before, "state": "CO"}


@pytest.mark.slow
def test_disconnecting_leaves_nothing_behind(site: Site) -> None:
    site.connect(prompt="Topic")
    store = site.server.store
    store.follows.start(site.prompt.id, site.project_id, None)
    plan = site.server.disconnecting.plan(site.project)
    assert (len(plan.backends), len(plan.webhooks), len(plan.follows)) == (1, 1, 1)
    assert len(site.backends()) == 1, "a plan changes nothing"
    site.disconnect()
    assert (site.backends(), site.webhooks()) == ([], [])
    assert (store.follows.all(), store.contacts.of_project(site.project_id)) == ([], [])
    assert not site.project.model_version
    assert site.server.disconnecting.plan(site.project).is_empty


@pytest.mark.slow
def test_after_disconnecting_the_newest_predictions_are_shown(site: Site) -> None:
    site.connect()
    store, url = site.server.store, site.server.studio.url
    for label, slot in (("T__1", Slot.ALL), ("T__2", Slot.ALL), ("T__2__evaluate", Slot.EVALUATE)):
        own(store, url, site.project_id, label, site.prompt.id, site.version.id, slot)
    rows = [
        {"task": site.task_ids[0], "result": [], "score": None, "model_version": label}
        for label in ("T__1", "T__2__evaluate", "theirs")
    ]
    site.server.studio.import_predictions(site.project_id, rows)
    assert site.disconnect().model_version == "T__1"
    assert site.project.model_version == "T__1"


@pytest.mark.slow
def test_disconnecting_keeps_what_was_chosen(site: Site) -> None:
    site.connect()
    row = {"task": site.task_ids[0], "result": [], "score": None, "model_version": "theirs"}
    site.server.studio.import_predictions(site.project_id, [row])
    site.set_project(model_version="theirs")
    assert site.disconnect().model_version is None
    assert site.project.model_version == "theirs"


@pytest.mark.slow
def test_disconnecting_finds_the_webhook_of_a_row_deleted_by_hand(site: Site) -> None:
    site.connect(prompt="Topic")
    site.server.studio.add_webhook(site.project_id, "http://elsewhere.example.com/webhook")
    other = f"{site.server.settings.own_address()}/not-ours"
    site.server.studio.add_webhook(site.project_id, other)
    site.delete_rows_by_hand()
    assert len(site.webhooks()) == 3
    site.disconnect()
    urls = [hook["url"] for hook in site.webhooks()]
    assert urls == ["http://elsewhere.example.com/webhook", other]


@pytest.mark.slow
def test_disconnecting_knows_an_address_by_the_calls_that_came_from_it(site: Site) -> None:
    site.connect()
    terminal = site.start(up=False)
    plan = terminal.disconnecting.plan(site.project)
    assert [row["url"] for row in site.backends()] == [each.url for each in plan.backends]
    site.server.store.contacts.forget(site.project_id)
    stranger = site.start(up=False, DATA_DIR=str(site._folder / "other"))
    assert stranger.disconnecting.plan(site.project).is_empty


@pytest.mark.slow
def test_disconnecting_goes_on_after_an_error(site: Site) -> None:
    site.connect()
    site.fake.fail("api/webhooks/", "500_before", method="DELETE")
    with pytest.raises(LabelStudioError):
        site.disconnect()
    assert len(site.webhooks()) == 1
    site.disconnect()
    assert site.webhooks() == []


@pytest.mark.slow
def test_no_address_but_our_own_is_ever_asked(site: Site) -> None:
    site.server.store.contacts.remember(site.project_id, "", extra_params=None, host="known:9090")
    asked: list[str] = []

    def read(address: str) -> dict[str, object]:
        asked.append(address)
        return {"instance": site.server.store.writing.instance()}

    ours = BackendUrls(site.server.store, "http://127.0.0.1:9191", site.project_id, read=read)
    foreign = (
        "http://known:9091",
        "http://other:9090",
        "http://169.254.169.254/latest",
        "nonsense",
    )
    for url in foreign:
        assert not ours.holds(backend(url))
        assert not ours.left(webhook(f"{url}/webhook"), [])
    assert asked == []
    assert ours.holds(backend("http://u:p@known:9090/prompts/7"))
    assert ours.left(webhook("http://localhost:9191/webhook"), [])
    assert asked == ["http://known:9090", "http://localhost:9191"]


@pytest.mark.slow
def test_where_nothing_answers_title_and_path_decide(site: Site) -> None:
    site.server.store.contacts.remember(site.project_id, "", extra_params=None, host="known:9090")

    def read(address: str) -> dict[str, object]:
        raise OSError(address)

    ours = BackendUrls(site.server.store, "http://127.0.0.1:9191", site.project_id, read=read)
    assert ours.holds(backend("http://known:9090/prompts/7/versions/3"))
    assert ours.holds(backend("http://127.0.0.1:9191", title="Renamed"))
    assert not ours.holds(backend("http://known:9090", title="Another"))
    assert not ours.holds(backend("http://known:9090/sentiment"))
    assert ours.left(webhook("http://known:9090/webhook"), [])
    assert not ours.left(webhook("http://known:9090/webhook"), [backend("http://known:9090/")])
    assert not ours.left(webhook("http://known:9090/events"), [])


def backend(url: str, title: str = "Prompts") -> Backend:
    return Backend(1, 1, url, title, "CO", "", None)


def webhook(url: str) -> Webhook:
    return Webhook(1, 1, url, {}, True, True, True)
