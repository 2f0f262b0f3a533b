"""The nouns of the server as frozen dataclasses; they know neither the store nor the network.

Words are Label Studio's own: task, prediction, region, model version, run, ground truth.
Times are aware UTC datetimes, durations seconds, costs US dollars, scores 0..1.
"""

from __future__ import annotations

from ml_backend.kinds import (
    FailureKind as FailureKind,
    JobKind as JobKind,
    Origin as Origin,
    ProviderName as ProviderName,
    RunStatus as RunStatus,
    Scope as Scope,
    Slot as Slot,
    Stage as Stage,
    Subset as Subset,
    TruthSource as TruthSource,
)
from ml_backend.records.audit import (
    DONE as DONE,
    FAILED as FAILED,
    AuditAction as AuditAction,
    AuditEvent as AuditEvent,
)
from ml_backend.records.confidence import (
    Confidence as Confidence,
    ConfidenceSource as ConfidenceSource,
    ConfidenceWay as ConfidenceWay,
)
from ml_backend.records.connections import (
    BASELINE_MODEL as BASELINE_MODEL,
    KEY_UNREADABLE as KEY_UNREADABLE,
    Connection as Connection,
)
from ml_backend.records.jobs import Job as Job
from ml_backend.records.json_types import JsonObject as JsonObject, Region as Region
from ml_backend.records.metrics import (
    AgreementRate as AgreementRate,
    Calibration as Calibration,
    CalibrationBin as CalibrationBin,
    CharacterOverlap as CharacterOverlap,
    ClassMetrics as ClassMetrics,
    ClassReport as ClassReport,
    Confusion as Confusion,
    ControlMetrics as ControlMetrics,
    Correctness as Correctness,
    Effort as Effort,
    HumanAgreement as HumanAgreement,
    LearnedCalibration as LearnedCalibration,
    MacroMean as MacroMean,
    MicroMean as MicroMean,
    NumberError as NumberError,
    RankCorrelation as RankCorrelation,
    Ranking as Ranking,
    RunMetrics as RunMetrics,
    SpanOverlap as SpanOverlap,
    TruthsUnread as TruthsUnread,
)
from ml_backend.records.people import Person as Person
from ml_backend.records.project_time import (
    CLOCKS_DIFFER as CLOCKS_DIFFER,
    is_same_project as is_same_project,
    is_told_so as is_told_so,
    read_moment as read_moment,
    was_made_after as was_made_after,
)
from ml_backend.records.prompts import (
    Label as Label,
    Prompt as Prompt,
    PromptVersion as PromptVersion,
)
from ml_backend.records.run_report import RunReport as RunReport, WrongAnswer as WrongAnswer
from ml_backend.records.runs import (
    AskedAgain as AskedAgain,
    Cascade as Cascade,
    ExamplesLeftOut as ExamplesLeftOut,
    ExampleSource as ExampleSource,
    Member as Member,
    PlannedWrites as PlannedWrites,
    ProjectState as ProjectState,
    PublishPlan as PublishPlan,
    Run as Run,
    RunOptions as RunOptions,
    RunSnapshot as RunSnapshot,
    Stopped as Stopped,
    Totals as Totals,
    Vote as Vote,
)
from ml_backend.records.tasks import (
    Attachment as Attachment,
    CallRecord as CallRecord,
    Example as Example,
    Failure as Failure,
    Opinion as Opinion,
    Outcome as Outcome,
    Prediction as Prediction,
    Problem as Problem,
    Task as Task,
    Usage as Usage,
)
