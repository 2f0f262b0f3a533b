"""The report's page: whole, alone, and nothing that was said in it acts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from ml_backend.cli.next_steps import WORDS as COMMAND_LINE
from ml_backend.labeling.bases.evidence import Evidence
from ml_backend.records import (
    AgreementRate,
    Correctness,
    Effort,
    Failure,
    FailureKind,
    HumanAgreement,
    ProviderName,
    PublishPlan,
    Run,
    RunMetrics,
    RunOptions,
    RunReport,
    RunSnapshot,
    RunStatus,
    Slot,
    Stage,
    Subset,
    Totals,
    Usage,
    WrongAnswer,
)
from ml_backend.reporting import run_page
from ml_backend.scoring import summarize
from ml_backend.scoring.calibration import calibrate
from ml_backend.scoring.tally import Tally

EVIL = "\"'></td><script>alert(1)</script><img src=x onerror=alert(2)>&amp;\0\ud800</style>"


class Right:
    correct, score = True, 1.0


def metrics(name: str) -> RunMetrics:
    tally = Tally()
    tally.add(Evidence([(name, name), (name, None), ("b", name)], {name: (3, 4, 5)}, [1.5], [0.5]))
    found = summarize([{name: Right()}, {name: None}])
    rate = AgreementRate(n=2, accuracy=0.5, low=0.1, high=0.9, score=0.5)
    return RunMetrics(
        overall=found.overall,
        controls={name: tally.metrics(found.controls[name])},
        per_region={name: tally.metrics(summarize([{name: Right()}]).overall)},
        humans=HumanAgreement(rate, {name: rate}),
        calibration=calibrate([(0.8, True), (0.3, False)]),
    )


def report(text: str = "x", **changes: Any) -> RunReport:
    asked = RunSnapshot(
        version_title=text, text=text, provider=ProviderName.CUSTOM, model=text,
        parameters={text: text}, max_few_shot_examples=3, prompt_title=text,
    )  # fmt: skip
    run = Run(
        id=7, prompt_id=1, version_id=1, project_id=1, label=text, slot=Slot.EVALUATE,
        subset=Subset.HAS_GT, status=RunStatus.COMPLETED, stage=Stage.DONE, snapshot=asked,
        options=RunOptions(), totals=Totals(total=2, failed=1, usage=Usage(5, 1), cost=None),
        message=text, plan=PublishPlan(), metrics=metrics(text),
        cancel_requested=False, created_at=datetime.now(UTC), started_at=None, asked_at=None,
        completed_at=None, stale=text,
    )  # fmt: skip
    made = RunReport(
        run=run,
        project=text,
        effort=Effort(None, 0.5, 1.0, None, prompt_tokens=5, completion_tokens=1, cached=0),
        wrong=(WrongAnswer(1, text, text, [text]), WrongAnswer(2, text, None, [])),
        wrong_left_out=3,
        wrong_unknown=text,
        failures=(Failure(1, FailureKind.TIMEOUT, text, raw=text),),
        failures_left_out=2,
        made_at="2026-01-01",
    )
    return replace(made, **changes)


class Tags:
    """The elements and the text of a page."""

    def __init__(self, page: str) -> None:
        root = LexborHTMLParser(page).root
        assert root is not None
        nodes = [node for node in root.traverse() if node.tag != "-comment"]
        self.found = [(str(node.tag), node.attributes) for node in nodes]
        self.text = root.text()


def test_what_tasks_and_models_say_shows_as_text() -> None:
    page = Tags(run_page(report(EVIL), COMMAND_LINE))
    tags = {tag for tag, _ in page.found}
    assert tags.isdisjoint({"script", "img", "iframe", "link", "object"})
    assert page.text.count("<script>alert(1)</script>") > 10
    plain = [tag for tag, _ in Tags(run_page(report("x"), COMMAND_LINE)).found]
    assert [tag for tag, _ in page.found] == plain


def test_only_our_own_plots_and_style_are_put_in_as_they_are() -> None:
    templates = files("ml_backend.reporting").joinpath("templates")
    marked = {
        name
        for template in templates.iterdir()
        for name in re.findall(r"([\w.]+)\s*\|\s*safe", template.read_text())
    }
    assert {name.rpartition(".")[2] for name in marked} == {"plot", "style"}


def test_a_prompt_keeps_its_first_empty_line() -> None:
    page = run_page(report("\n\nlate"), COMMAND_LINE)
    assert LexborHTMLParser(page).css("pre")[0].text() == "\n\nlate"


def test_nothing_is_fetched_from_anywhere() -> None:
    page = run_page(report(), COMMAND_LINE)
    for tag, attributes in Tags(page).found:
        assert not {"src", "href", "srcset", "data"} & attributes.keys(), tag
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in page
    assert "@import" not in page
    assert "http" not in page


def test_it_has_the_figures_of_its_plots_and_says_what_is_unknown() -> None:
    page = run_page(report(), COMMAND_LINE)
    text = Tags(page).text
    for wanted in ("50.0%", "unknown", "Kendall", "MAE", "Confusions", "Calibration", "Stale"):
        assert wanted in text, wanted
    assert page.count("<svg") == page.count("</svg>") >= 4
    assert "2 more are left out" in text
    assert "3 tasks more are left out" in text
    assert '["x"]' in text


def test_a_run_that_was_wholly_right_says_so() -> None:
    text = Tags(run_page(report(wrong=(), wrong_left_out=0, wrong_unknown=""), COMMAND_LINE)).text
    assert "Wrong answers\nNone." in text


@pytest.mark.parametrize(
    "known", [None, RunMetrics(Correctness())], ids=["not measured", "no truth"]
)
def test_a_run_without_measurement_has_a_report_too(known: RunMetrics | None) -> None:
    made = report(failures=(), failures_left_out=0)
    page = run_page(replace(made, run=replace(made.run, metrics=known)), COMMAND_LINE)
    assert "None of these tasks has ground truth" in page
