"""The store: what is committed here is the truth; Label Studio is written from it."""

from __future__ import annotations

from ml_backend.store.acceptances import (
    AcceptanceAct,
    AcceptanceStore,
    AcceptedRow,
    NewAcceptance,
)
from ml_backend.store.allowances import Account, AllowanceStore, Claim, Standing, allotted
from ml_backend.store.audit import AuditStore
from ml_backend.store.checked_labels import (
    CheckedLabel,
    CheckedLabelStore,
    ClassPair,
    Decision,
)
from ml_backend.store.connections import AbilityStore, AnswerForms, Cipher, ConnectionStore
from ml_backend.store.database import Database
from ml_backend.store.environment_prices import EnvironmentPriceStore
from ml_backend.store.erasing import ErasingStore
from ml_backend.store.events import Event, EventStore
from ml_backend.store.examples import ContactStore, ExampleStore
from ml_backend.store.follows import Follow, FollowStore
from ml_backend.store.guards import GuardStore
from ml_backend.store.jobs import JobStore
from ml_backend.store.labels import LabelStore
from ml_backend.store.opinions import MemberTotals, OpinionStore
from ml_backend.store.outcomes import CachedAnswer, OutcomeStore
from ml_backend.store.presences import PresenceStore
from ml_backend.store.presses import PressStore
from ml_backend.store.project_secrets import ProjectSecret, ProjectSecretStore
from ml_backend.store.projects import KnownProject, ProjectStore
from ml_backend.store.promises import Drawn, PromiseStore
from ml_backend.store.promotions import PromotionStore
from ml_backend.store.prompt_stats import Evaluated, PromptStats, PromptStatsStore, Score
from ml_backend.store.prompts import PromptStore
from ml_backend.store.provenance import ProvenanceStore, Source
from ml_backend.store.races import RaceAnswer, RaceStore
from ml_backend.store.results import (
    Cell,
    CellCount,
    Chosen,
    JudgedOutcome,
    Place,
    ResultFilter,
    ResultStore,
)
from ml_backend.store.review_tabs import Answered, ReviewState, ReviewTab, ReviewTabStore
from ml_backend.store.run_columns import totals_columns
from ml_backend.store.runs import RunStore
from ml_backend.store.served import Served, ServedStore
from ml_backend.store.spendings import ENVIRONMENT, SpendingStore, Spent
from ml_backend.store.splits import SplitStore
from ml_backend.store.stored_secrets import Renewed, StoredSecrets
from ml_backend.store.summary import Summary, SummaryStore
from ml_backend.store.tries import Tried, TryStore
from ml_backend.store.web_sessions import WebSessionStore
from ml_backend.store.writing import GIVEN_UP, Publication, WritingStore

__all__ = [
    "ENVIRONMENT",
    "GIVEN_UP",
    "AcceptanceAct",
    "AcceptedRow",
    "Account",
    "AnswerForms",
    "Answered",
    "CachedAnswer",
    "Cell",
    "CellCount",
    "CheckedLabel",
    "Chosen",
    "Cipher",
    "Claim",
    "ClassPair",
    "Decision",
    "Drawn",
    "Evaluated",
    "Event",
    "Follow",
    "JudgedOutcome",
    "KnownProject",
    "MemberTotals",
    "NewAcceptance",
    "Place",
    "ProjectSecret",
    "PromptStats",
    "Publication",
    "RaceAnswer",
    "Renewed",
    "ResultFilter",
    "ReviewState",
    "ReviewTab",
    "Score",
    "Served",
    "Source",
    "Spent",
    "Standing",
    "Store",
    "Summary",
    "Tried",
    "allotted",
    "totals_columns",
]


class Store:
    """All queries, by noun, over one database."""

    def __init__(self, url: str, cipher: Cipher) -> None:
        self.database = Database(url)
        self.prompts = PromptStore(self.database)
        self.labels = LabelStore(self.database)
        self.connections = ConnectionStore(self.database, cipher)
        self.answer_forms = AnswerForms(self.database)
        self.abilities = AbilityStore(self.database)
        self.runs = RunStore(self.database)
        self.outcomes = OutcomeStore(self.database)
        self.results = ResultStore(self.database)
        self.opinions = OpinionStore(self.database)
        self.writing = WritingStore(self.database)
        self.promises = PromiseStore(self.database)
        self.promotions = PromotionStore(self.database)
        self.checked_labels = CheckedLabelStore(self.database)
        self.acceptances = AcceptanceStore(self.database)
        self.examples = ExampleStore(self.database)
        self.contacts = ContactStore(self.database)
        self.projects = ProjectStore(self.database)
        self.secrets = ProjectSecretStore(self.database, cipher)
        self.events = EventStore(self.database)
        self.follows = FollowStore(self.database)
        self.guards = GuardStore(self.database)
        self.review_tabs = ReviewTabStore(self.database)
        self.served = ServedStore(self.database)
        self.provenance = ProvenanceStore(self.database)
        self.jobs = JobStore(self.database)
        self.races = RaceStore(self.database)
        self.spendings = SpendingStore(self.database)
        self.allowances = AllowanceStore(self.database)
        self.environment_prices = EnvironmentPriceStore(self.database)
        self.tries = TryStore(self.database)
        self.splits = SplitStore(self.database)
        self.standings = PromptStatsStore(self.database)
        self.summary = SummaryStore(self.database)
        self.presses = PressStore(self.database)
        self.web_sessions = WebSessionStore(self.database, cipher)
        self.audit = AuditStore(self.database)
        self.erasing = ErasingStore(self.database)
        self.presences = PresenceStore(self.database)
        self.stored_secrets = StoredSecrets(self.database, cipher)

    def close(self) -> None:
        self.database.close()
