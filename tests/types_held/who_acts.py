"""Who acts on Label Studio, used rightly and wrongly: mypy must refuse the lines marked so.

Never executed; test_who_acts.py has mypy check it.
"""

from __future__ import annotations

import threading

from ml_backend.container import Container
from ml_backend.labelstudio import (
    CallerLabelStudio,
    LabelStudioClient,
    LabelStudioReader,
    ServerLabelStudio,
)
from ml_backend.records import Run
from ml_backend.services.callers.access import Access, Caller
from ml_backend.services.callers.bridge import Bridge
from ml_backend.services.evaluation.evaluation import Evaluation
from ml_backend.services.inference.example_pool import ExamplePool
from ml_backend.services.jobs.jobs import Jobs, Work
from ml_backend.services.predictions.bulk_actions import Predictions
from ml_backend.services.predictions.deduplicate import Sweep
from ml_backend.services.predictions.delete_prompt import DeletePrompts
from ml_backend.services.publishing.label_stream import choose_model_version
from ml_backend.services.publishing.ownership import Ownership
from ml_backend.services.publishing.publisher import Publisher
from ml_backend.services.runs.run_tasks import iter_task_pages
from ml_backend.services.writing.patience import Patience
from ml_backend.services.writing.patient_studio import PatientLabelStudio
from ml_backend.services.writing.resend import resend
from ml_backend.services.writing.writer import Writer, WriterSession
from ml_backend.store import Store


def services_of_the_server(
    store: Store, server: ServerLabelStudio, caller: CallerLabelStudio, either: LabelStudioClient
) -> None:
    ExamplePool(store, server)
    ExamplePool(store, caller)  # refused
    ExamplePool(store, either)  # refused
    Access(store, lambda: server, Bridge())
    Access(store, lambda: caller, Bridge())  # refused


def services_of_whoever_calls(caller: Caller, server: ServerLabelStudio, work: Work) -> None:
    Caller(caller.user, caller.key, caller.studio)
    Caller(caller.user, caller.key, server)  # refused
    Work(work.job, caller.studio, work.patience)
    Work(work.job, server, work.patience)  # refused


def jobs_keep_a_callers_client_alone(
    jobs: Jobs, job: Work, server: ServerLabelStudio, caller: CallerLabelStudio
) -> None:
    jobs.submit(job.job.kind, {}, created_by=None, studio=caller)
    jobs.submit(job.job.kind, {}, created_by=None, studio=server)  # refused


def whoever_acts(
    store: Store, container: Container, server: ServerLabelStudio, caller: CallerLabelStudio
) -> None:
    Evaluation(store, server)
    Evaluation(store, caller)
    container.connecting_through(server)
    container.connecting_through(caller)
    container.predictions_through(caller)
    container.predictions_through(server)  # refused
    container.marks_through(caller)
    container.marks_through(server)  # refused
    container.right_answers_through(caller)
    container.right_answers_through(server)  # refused


def one_token_reads_and_writes(
    store: Store,
    server: ServerLabelStudio,
    caller: CallerLabelStudio,
    servers: Writer[ServerLabelStudio],
    callers: Writer[CallerLabelStudio],
    ownership: Ownership,
) -> None:
    Predictions(store, server, servers, ownership)
    Predictions(store, caller, callers, ownership)
    Predictions(store, caller, servers, ownership)  # refused
    Predictions(store, server, callers, ownership)  # refused


def what_runs_by_itself_acts_as_the_server(
    store: Store,
    server: ServerLabelStudio,
    mine: Predictions[ServerLabelStudio],
    theirs: Predictions[CallerLabelStudio],
    servers: Writer[ServerLabelStudio],
    callers: Writer[CallerLabelStudio],
    ownership: Ownership,
    stop: threading.Event,
) -> None:
    DeletePrompts(store, server, mine, ownership)
    DeletePrompts(store, server, theirs, ownership)  # refused
    Sweep(store, server, servers, mine, ownership, stop)
    Sweep(store, server, callers, mine, ownership, stop)  # refused
    Sweep(store, server, servers, theirs, ownership, stop)  # refused


def runs_are_published_by_the_server_and_patiently(
    store: Store,
    run: Run,
    server: ServerLabelStudio,
    caller: CallerLabelStudio,
    patience: Patience,
    mine: WriterSession[ServerLabelStudio],
    theirs: WriterSession[CallerLabelStudio],
    ownership: Ownership,
) -> None:
    Publisher(store, mine, ownership)
    Publisher(store, theirs, ownership)  # refused
    patient = PatientLabelStudio(server, patience)
    ExamplePool(store, patient)
    ExamplePool(store, PatientLabelStudio(caller, patience))  # refused
    iter_task_pages(patient, 1, None)
    iter_task_pages(server, 1, None)  # refused
    iter_task_pages(PatientLabelStudio(caller, patience), 1, None)  # refused
    choose_model_version(run, ownership=ownership, studio=patient, show=print)
    choose_model_version(run, ownership=ownership, studio=server, show=print)  # refused
    resend(lambda: None, patient)
    resend(lambda: None, PatientLabelStudio(caller, patience))
    resend(lambda: None, server)  # refused


def who_only_reads_cannot_write(
    reader: LabelStudioReader, patient: PatientLabelStudio[ServerLabelStudio]
) -> None:
    reader.get_project(1)
    reader.delete_prediction(1)  # refused
    patient.delete_prediction(1)  # refused
    patient.import_predictions(1, [])  # refused
