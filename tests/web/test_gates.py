"""Who may call the ML backend's routes for which project, as tables; what a call without a secret
may, and what it leaves behind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from ml_backend.container import Container
from ml_backend.records import Person
from ml_backend.services.events import event_queue
from ml_backend.services.serving.backend import CONNECTING
from ml_backend.store import tables as t
from ml_backend.store.project_secrets import OLD_SECONDS, digest_of, events_word
from ml_backend.web import create_app
from ml_backend.web.server import attempts
from support.fake_label_studio import FakeLabelStudio
from support.place import CREATED, Place
from support.serving import free_port
from support.simulator import Simulator
from support.wire import CONFIG

OWNER = Person(7, "owner", "owner@example.com")
OPERATOR = ("labeler", "the operator's own")
OTHER_CONFIG = CONFIG.replace('value="a"', 'value="another"')
LOOPBACK, EVERYWHERE = "loopback", "everywhere"

Auth = tuple[str, str] | None


@dataclass
class House:
    """Two projects with a prompt each, and one whose key is a person's own, behind two faces."""

    place: Place
    studio: FakeLabelStudio
    other: int
    hidden: int
    personal: int
    clients: dict[str, Any]

    @property
    def store(self) -> Any:
        return self.place.container.store

    def secret(self, project_id: int, word: str) -> tuple[str, str]:
        """Give a project one more secret, which stands in Label Studio from now on."""
        made = self.store.secrets.add(project_id, word, None, anew=True)
        self.store.secrets.place(made)
        return made.user, word

    def connect_by_hand(self, path: str = "", extra_params: Any = None) -> None:
        """What Label Studio has once somebody connected the project without a secret."""
        row = {
            "project": self.place.project_id,
            "url": self.place.container.settings.own_address() + path,
            "title": "By hand",
            "extra_params": extra_params,
        }
        self.studio._server.rows.create_backend(row, None)

    def predict(self, auth: Auth, path: str = "", host: str = LOOPBACK, **more: Any) -> Any:
        body = {"project": self.place.uid, "tasks": self.place.tasks(1), "label_config": CONFIG}
        return self.clients[host].post(f"{path}/predict", json={**body, **more}, auth=auth)

    def setup(self, auth: Auth, path: str = "", host: str = LOOPBACK, **more: Any) -> Any:
        body = {"project": self.place.uid, "schema": CONFIG, "extra_params": None}
        return self.clients[host].post(f"{path}/setup", json={**body, **more}, auth=auth)

    def tell(self, auth: Auth, action: str, host: str = LOOPBACK, path: str = "/webhook") -> Any:
        body = {"action": action, "project": {"id": self.place.project_id}}
        return self.clients[host].post(path, json=body, auth=auth)


@pytest.fixture
def house(
    place: Place,
    studio: FakeLabelStudio,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[House]:
    monkeypatch.setattr(attempts, "OF_ADDRESS", (10_000, 10_000))  # the tables try much in vain
    first = place.container
    settings = first.settings.model_copy(update={"port": free_port(), "private_endpoints": True})
    place.container = Container(settings)
    place.client = create_app(place.container).test_client()
    guarded = settings.model_copy(
        update={"host": "0.0.0.0", "basic_auth_user": OPERATOR[0], "basic_auth_pass": OPERATOR[1]}
    )
    everywhere = Container(guarded)
    other, _ = studio.seed(OTHER_CONFIG, [{"data": {"text": "theirs"}}], title="Other")
    prompts, store = place.container.prompts, place.container.store
    hidden = prompts.create("Hidden", project=place.container.studio.get_project(other))
    prompts.create_version(hidden, text="Hidden: {text}")
    theirs = store.connections.create(
        title="their own", provider="Custom", api_key="k", endpoint=simulator.url, created_by=OWNER
    )
    mine = place.container.studio.get_project(place.project_id)
    personal = prompts.create("Personal", project=mine)
    prompts.create_version(personal, text="Which? {text}", connection="their own", model="m")
    store.connections.update(theirs.id, scope="User")  # others may make no version with it
    place.prompt()
    clients = {LOOPBACK: place.client, EVERYWHERE: create_app(everywhere).test_client()}
    yield House(place, studio, other, hidden.id, personal.id, clients)
    for container in (place.container, everywhere):
        container.close()
        container.loop.run(container.models.close())
        container.loop.stop()
        container.store.close()
    place.container = first


ASKED: dict[str, Callable[[House, Auth, str], Any]] = {
    "setup, foreign title": lambda h, a, host: h.setup(a, host=host, extra_params="Hidden"),
    "setup": lambda h, auth, host: h.setup(auth, host=host),
    "setup, foreign prompt": lambda h, a, host: h.setup(a, f"/prompts/{h.hidden}", host),
    "setup, a person's key": lambda h, a, host: h.setup(a, f"/prompts/{h.personal}", host),
    "predict": lambda h, auth, host: h.predict(auth, host=host),
    "predict, foreign prompt": lambda h, a, host: h.predict(a, f"/prompts/{h.hidden}", host),
    "predict, a person's key": lambda h, a, host: h.predict(a, f"/prompts/{h.personal}", host),
    "predict, tasks of another": lambda h, a, host: h.predict(
        a, host=host, tasks=[{"id": 1, "data": {"text": "x"}, "project": h.other}]
    ),
    "versions": lambda h, auth, host: h.clients[host].get("/versions", auth=auth),
    "event": lambda h, auth, host: h.tell(auth, "PROJECT_UPDATED", host),
    "start training": lambda h, auth, host: h.tell(auth, "START_TRAINING", host),
    "train": lambda h, auth, host: h.tell(auth, "", host, "/train"),
    "health": lambda h, auth, host: h.clients[host].get("/health", auth=auth),
    "about": lambda h, auth, host: h.clients[host].get("/", auth=auth),
    "metrics": lambda h, auth, host: h.clients[host].get("/metrics", auth=auth),
}
OWN = (404, 200, 404, 403, 200, 404, 403, 403, 200, 200, 200, 200, 200, 200, 403)
OTHERS = (403, 403, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403, 200, 200, 403)
NOTHING = (403, 403, 403, 403, 403, 403, 403, 403, 200, 200, 403, 403, 200, 200, 200)
EVENTS = (403, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403, 403, 200, 403, 403)
RUNS_IT = (404, 200, 404, 403, 200, 404, 403, 200, 200, 200, 200, 200, 200, 200, 200)
REFUSED = (401,) * len(ASKED)
OUTSIDE = (*REFUSED[:12], 200, 401, 401)
TABLE = {
    # what is brought: (from this machine, where everybody reaches the server)
    "own": (OWN, OWN),
    "old, within ten minutes": (OWN, OWN),
    "old, after them": (REFUSED, REFUSED),
    "wrong": (REFUSED, REFUSED),
    "another project's": (OTHERS, OTHERS),
    "what a webhook bears": (EVENTS, EVENTS),
    "nothing": (NOTHING, OUTSIDE),
    "the operator's": (NOTHING, RUNS_IT),
    "strange": (NOTHING, REFUSED),
}


@pytest.mark.slow
def test_every_route_opens_for_the_secret_of_its_project_alone(house: House) -> None:
    mine = house.place.project_id
    ended, old, own = (house.secret(mine, word) for word in ("ended", "old", "own"))
    change = sa.update(t.project_secrets).where(t.project_secrets.c.digest == digest_of("ended"))
    with house.store.database.write() as c:
        c.execute(change.values(valid_until=time.time() - 1))
    brought: dict[str, Auth] = {
        "own": own,
        "old, within ten minutes": old,
        "old, after them": ended,
        "wrong": (own[0], "wröng"),
        "another project's": house.secret(house.other, "theirs"),
        "what a webhook bears": (own[0], events_word("own")),
        "nothing": None,
        "the operator's": OPERATOR,
        "strange": ("proxy", "password"),
    }
    wrong = []
    for name, expected in TABLE.items():
        for host, row in zip((LOOPBACK, EVERYWHERE), expected, strict=True):
            for (asked, ask), status in zip(ASKED.items(), row, strict=True):
                answer = ask(house, brought[name], host)
                if answer.status_code != status:
                    wrong.append((name, host, asked, answer.status, status))
                if "Hidden" in answer.get_data(as_text=True) and name not in (
                    "another project's", "the operator's",
                ) and asked != "setup, foreign title":  # fmt: skip
                    wrong.append((name, host, asked, "names a hidden prompt", 0))
    assert wrong == []
    assert OLD_SECONDS == 600


@pytest.mark.slow
def test_a_persons_key_answers_once_that_person_has_connected_the_project(house: House) -> None:
    own = house.secret(house.place.project_id, "own")
    path = f"/prompts/{house.personal}"
    refused = house.predict(own, path)
    assert refused.status_code == 403
    assert "one person's own" in refused.status
    house.store.secrets.note_connector(house.place.project_id, OWNER.id + 1)
    assert house.predict(own, path).status_code == 403
    house.store.secrets.note_connector(house.place.project_id, OWNER.id)
    assert (house.setup(own, path).status_code, house.predict(own, path).status_code) == (200, 200)


@pytest.mark.slow
def test_the_config_of_another_project_is_not_taken(house: House) -> None:
    own, theirs = house.secret(house.place.project_id, "own"), house.secret(house.other, "theirs")
    assert house.setup(own).status_code == 200
    other = {"project": f"{house.other}.{CREATED}", "schema": OTHER_CONFIG}
    assert house.setup(theirs, **other).status_code == 200
    assert house.predict(own, label_config=OTHER_CONFIG).status_code == 403
    assert house.predict(own).status_code == 200
    own_change = CONFIG.replace('value="a"', 'value="changed"')
    assert house.predict(own, label_config=own_change).status_code == 200


# Without a secret, from this machine


PROXIES: list[tuple[dict[str, str], int]] = [
    # what a proxy on this machine adds that has written our own name into the Host header
    ({"X-Forwarded-For": "203.0.113.9"}, 401),
    ({"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}, 401),
    ({"X-Forwarded-For": "203.0.113.9, 127.0.0.1"}, 401),
    ({"X-Forwarded-For": "fe80::1"}, 401),
    ({"X-Forwarded-For": "unknown"}, 401),
    ({"X-Forwarded-For": ""}, 401),
    ({"X-Real-IP": "10.0.0.7"}, 401),
    ({"Forwarded": "for=203.0.113.9;proto=https"}, 401),
    ({"Forwarded": 'for=127.0.0.1, for="[2001:db8::1]:4711"'}, 401),
    ({"Forwarded": "proto=https"}, 401),
    ({"Via": "1.1 proxy"}, 401),
    ({"X-Forwarded-Proto": "https"}, 401),
    # and one that says it passes on what this machine asked
    ({"X-Forwarded-For": "127.0.0.1"}, 200),
    ({"X-Forwarded-For": "127.0.0.1:4711, ::1", "X-Forwarded-Proto": "http"}, 200),
    ({"Forwarded": 'for="[::1]";proto=http', "Via": "1.1 proxy"}, 200),
    ({"Accept": "*/*"}, 200),
]


@pytest.mark.slow
def test_what_a_proxy_passes_on_from_elsewhere_is_no_open_call(house: House) -> None:
    house.connect_by_hand()
    own = house.secret(house.other, "theirs")
    body = {"project": house.place.uid, "tasks": [], "label_config": CONFIG}
    theirs = {"project": f"{house.other}.{CREATED}", "tasks": [], "label_config": OTHER_CONFIG}
    client, wrong = house.clients[LOOPBACK], []
    for heads, status in PROXIES:
        answer = client.post("/predict", json=body, headers=heads)
        if answer.status_code != status:
            wrong.append((heads, answer.status))
        with_secret = client.post("/predict", json=theirs, headers=heads, auth=own)
        if with_secret.status_code != 200:
            wrong.append((heads, "with a secret", with_secret.status))
    assert wrong == []


@pytest.mark.slow
def test_an_open_connection_answers_where_label_studio_has_it(
    house: House, simulator: Simulator
) -> None:
    for path in ("", f"/prompts/{house.hidden}", f"/prompts/{house.personal}"):
        assert house.predict(None, path).status_code == 403, path
    assert simulator.stats()["calls"] == 0
    house.connect_by_hand()
    house.studio.control(forget_calls=True)
    for _ in range(5):
        answer = house.predict(None)
        assert answer.json["results"][0]["model_version"] == "Topics__Version 1"
    listed = [n for name, n in house.studio.state()["calls"].items() if "/api/ml" in name]
    assert listed == [1], "Label Studio is asked once a minute"
    assert house.predict(None, project=f"{house.other}.{CREATED}", tasks=[]).status_code == 403
    calls = simulator.stats()["calls"]
    house.connect_by_hand(f"/prompts/{house.hidden}")
    house.connect_by_hand(f"/prompts/{house.personal}")
    assert house.predict(None, f"/prompts/{house.hidden}").status_code == 404
    house.store.secrets.note_connector(house.place.project_id, OWNER.id)
    assert house.predict(None, f"/prompts/{house.personal}").status_code == 403
    assert house.tell(None, "START_TRAINING").status_code == 403
    assert house.tell(None, "", path="/train").status_code == 403
    assert simulator.stats()["calls"] == calls
    assert house.store.runs.search(project_id=house.place.project_id) == []


@pytest.mark.slow
def test_what_an_open_connection_says_of_itself_changes_nothing(house: House) -> None:
    answers = [house.setup(None, extra_params=f"Is it number {n}? {{text}}") for n in range(20)]
    assert {each.json["model_version"] for each in answers} == {CONNECTING}
    own = house.place.project_id
    assert house.store.contacts.of_project(own) == []
    assert [each.title for each in house.store.prompts.of_project(own)] == ["Personal", "Topics"]
    house.connect_by_hand(extra_params={"prompt": "Topics"})
    assert house.setup(None, extra_params={"prompt": "Personal"}).status_code == 403
    assert house.predict(None).json["results"][0]["model_version"] == "Topics__Version 1"
    as_it_is = house.setup(None, extra_params={"prompt": "Topics"})
    assert as_it_is.json["model_version"] == "Topics__Version 1"
    assert len(house.store.contacts.of_project(own)) == 1


@pytest.mark.slow
def test_texts_that_never_answered_anything_do_not_pile_up(house: House) -> None:
    own = house.secret(house.place.project_id, "own")
    for number in range(60):
        answer = house.setup(own, extra_params=f"Is it number {number}? {{text}}")
        assert answer.status_code == 200
    [written] = [
        each
        for each in house.store.prompts.of_project(house.place.project_id)
        if each.title.endswith("extra parameters")
    ]
    versions = house.store.prompts.versions(written.id)
    assert len(versions) <= 20
    with house.store.database.read() as c:
        named = c.execute(sa.select(sa.func.count()).select_from(t.labels)).scalar_one()
    assert named <= 20
    for number in range(5):
        assert house.setup(own, f"/prompts/no such {number}").status_code == 404
    assert len(house.store.contacts.of_project(house.place.project_id)) == 1
    assert versions[-1].text == "Is it number 59? {text}"


@pytest.mark.slow
def test_asking_in_vain_has_an_end(house: House) -> None:
    house.studio.control(forget_calls=True)
    for _ in range(60):
        assert house.predict(None, tasks=[]).status_code == 403
    calls = house.studio.state()["calls"]
    assert sum(n for name, n in calls.items() if "/api/ml" in name) <= 31


@pytest.mark.slow
def test_hints_are_few_and_never_begin_an_import(house: House) -> None:
    own = house.place.project_id
    for number in range(300):
        body = {"action": "TASKS_CREATED", "project": {"id": own}, "tasks": [{"id": number + 1}]}
        assert house.place.client.post("/webhook", json=body).status_code == 200
    waiting = house.store.events.of_project(own)
    assert {(each.action, each.is_hint) for each in waiting} == {("TASKS_CREATED", True)}
    assert len(waiting) == 101
    assert (waiting[-1].task_ids, waiting[-1].annotation_ids) == (None, None)


@pytest.mark.slow
def test_what_a_webhook_bears_fills_no_queue(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_queue, "MOST_TOLD", 20)
    own = house.place.project_id
    name, _ = house.secret(own, "own")
    for number in range(60):
        body = {"action": "TASKS_CREATED", "project": {"id": own}, "tasks": [{"id": number + 1}]}
        answer = house.place.client.post("/webhook", json=body, auth=(name, events_word("own")))
        assert answer.status_code == 200
    waiting = house.store.events.of_project(own)
    assert len(waiting) == 21
    assert (waiting[-1].task_ids, waiting[-1].is_hint) == (None, False)


@pytest.mark.slow
def test_large_events_are_the_secrets_projects_whatever_their_tasks_hold(house: House) -> None:
    own = house.secret(house.place.project_id, "own")
    tasks = [{"id": n, "data": {"project": house.other, "text": "x" * 1000}} for n in range(5000)]
    for project_id, status in ((house.place.project_id, 200), (house.other, 403)):
        body = {"action": "TASKS_CREATED", "tasks": tasks, "project": {"id": project_id}}
        data = json.dumps(body).encode()
        answer = house.place.client.post(
            "/webhook", data=data, content_type="application/json", auth=own
        )
        assert answer.status_code == status
    assert house.store.events.of_project(house.other) == []
    assert len(house.store.events.of_project(house.place.project_id)) == 1


@pytest.mark.slow
def test_the_secret_of_a_project_does_not_open_the_next_of_its_number(house: House) -> None:
    container = house.place.container
    project = container.studio.get_project(house.place.project_id)
    credentials = container.project_secrets.of(project)
    assert house.setup(credentials.connection).status_code == 200
    then = credentials.secret.project_made_at
    assert then is not None
    house.store.projects.note_made(project.id, then.replace(year=then.year - 1))
    assert house.setup(credentials.connection).status_code == 401
