"""The alignment tab: matrices that lead to their tasks, class reports, calibration, people."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ml_backend.records import JsonObject, Run, Subset
from ml_backend.records.metrics_json import metrics_of
from support.api import task
from support.measured import choices, measured_run, prediction
from support.pages import Page, Pages
from support.wire import CONFIG, region

EVIL = '<script>alert(1)</script>"onmouseover=x {{7*7}}'
SPANS = """<View>
  <Text name="text" value="$text"/>
  <Labels name="spans" toName="text"><Label value="Place"/></Labels>
  <Number name="age" toName="text"/>
</View>"""


def alignment(run: Run, more: str = "") -> str:
    return f"/ui/prompts/{run.prompt_id}/alignment?run={run.id}{more}"


@pytest.fixture
def run(pages: Pages) -> Run:
    """Of six true tasks one "b" was taken for "a", and one "a" was not answered."""
    given = {0: "a", 1: "a", 2: None, 3: "b", 4: "a", 5: "b"}
    return measured_run(pages, choices(pages, given))


def cells(page: Page, selector: str = "table.matrix") -> list[list[str]]:
    return [
        [each.text(strip=True) for each in row.css("th, td")]
        for row in page.one(selector).css("tr")
    ]


@pytest.mark.slow
def test_what_was_never_measured_says_what_to_do(pages: Pages) -> None:
    prompt, _ = pages.api.prompt()
    page = pages.get(f"/ui/prompts/{prompt.id}/alignment")
    assert "Never measured" in page.text("#panel")
    assert [each.attributes["href"] for each in page.all("#panel .empty a")] == [
        f"{pages.studio.url}/projects/{pages.project}/data",
        f"/ui/ground-truth?project={pages.project}",
    ]


@pytest.mark.slow
def test_a_run_without_ground_truth_says_so(pages: Pages) -> None:
    run = measured_run(pages, choices(pages, {7: "a"}), subset=Subset.ALL)
    assert "Nothing to measure on" in pages.get(alignment(run)).text("#panel")


@pytest.mark.slow
def test_the_matrix_has_recall_and_precision(pages: Pages, run: Run) -> None:
    assert cells(pages.get(alignment(run))) == [
        ["Truth ↓ answer →", "a", "b", "none", "Recall"],
        ["a", "2", "", "1", "67%"],
        ["b", "1", "2", "", "67%"],
        ["Precision", "67%", "100%", "–", ""],
    ]


@pytest.mark.slow
def test_each_number_of_the_matrix_leads_to_its_tasks(pages: Pages, run: Run) -> None:
    links = pages.get(alignment(run)).all("table.matrix a")
    assert len(links) == 4
    for link in links:
        found = pages.get(str(link.attributes["href"]))
        assert len(found.all("tbody[id^=task-]")) == int(link.text())


@pytest.mark.slow
def test_the_most_confused_classes_are_named_with_their_tasks(pages: Pages, run: Run) -> None:
    page = pages.get(alignment(run))
    assert page.text(".confused").startswith("b → a, 1 See 1")
    link = str(page.one(".confused a").attributes["href"])
    assert f'id="task-{pages.api.tasks[1]}"' in pages.get(link).html


@pytest.mark.slow
def test_each_class_has_its_counts_rates_and_interval(pages: Pages, run: Run) -> None:
    table = next(
        each for each in pages.get(alignment(run)).all("table") if "Support" in each.text()
    )
    rows = [[cell.text(strip=True) for cell in row.css("th, td")] for row in table.css("tr")]
    assert rows[0][:6] == ["#", "Class", "TP", "FP", "FN", "Support"]
    assert rows[1] == ["1", "a", "2", "1", "1", "3", "0.67", "0.67", "0.21–0.94", "0.67"]
    assert rows[2] == ["2", "b", "2", "0", "1", "3", "1.00", "0.67", "0.21–0.94", "0.80"]


@pytest.mark.slow
def test_accuracy_stands_in_a_plot_and_in_a_table(pages: Pages, run: Run) -> None:
    page = pages.get(alignment(run))
    assert page.one("figure svg title").text() == "Accuracy with 95 % intervals"
    assert "All together 67% 30%–90% 4 of 6 1" in page.text("table")


@pytest.mark.slow
def test_spans_tell_exact_and_overlapping_agreement_and_numbers_their_error(pages: Pages) -> None:
    text = "Ann of Berlin Mitte"
    true = [
        {
            "from_name": "spans",
            "to_name": "text",
            "type": "labels",
            "value": {"start": 7, "end": 19, "text": "Berlin Mitte", "labels": ["Place"]},
        },
        {"from_name": "age", "to_name": "text", "type": "number", "value": {"number": 7}},
    ]
    wire = {"data": {"text": text}, "annotations": [{"result": true, "ground_truth": True}]}
    pages.api.project, pages.api.tasks = pages.studio.seed(SPANS, [wire])
    quote = {"quote": "Berlin", "occurrence": 1, "label": "Place"}
    answer = {"spans": [quote], "age": 9}
    run = measured_run(pages, [prediction(pages.api.tasks[0], answer)])
    words = pages.get(alignment(run)).text("#panel")
    assert "Overlap F1" in words
    assert "Exact F1" in words
    assert "Mean absolute error 2.00" in words


@pytest.mark.slow
def test_truths_that_cannot_be_read_are_said_with_the_score_and_without_any(pages: Pages) -> None:
    odd = {**region("a"), "value": {"choices": "a <b>"}}
    rows: list[dict[str, Any]] = [
        {"data": {"text": "x"}, "annotations": [{"result": [odd], "ground_truth": True}]},
        task(1, "a"),
    ]
    pages.api.project, pages.api.tasks = pages.studio.seed(CONFIG, rows)
    both = measured_run(pages, [prediction(each, {"topic": "a"}) for each in pages.api.tasks])
    only = measured_run(pages, [prediction(pages.api.tasks[0], {"topic": "a"})], title="T")
    for run in (both, only):
        said = pages.get(alignment(run)).text("#panel")
        assert "Not read: 1 annotation cannot be read; 1 task is left out of the score" in said
        assert 'no list "choices", but "a <b>"' in said
    assert "1 of 1 task wholly right" in pages.get(alignment(both)).text("#panel")
    assert "Nothing to measure on" in pages.get(alignment(only)).text("#panel")


@pytest.mark.slow
def test_calibration_and_people_are_shown_where_they_are_known(pages: Pages) -> None:
    two = [
        {"result": [region("a")], "ground_truth": True, "completed_by": 1},
        {"result": [region("b")], "ground_truth": True, "completed_by": 2},
    ]
    rows: list[dict[str, Any]] = [{"data": {"text": "x"}, "annotations": two}, task(1, "a")]
    pages.api.project, pages.api.tasks = pages.studio.seed(CONFIG, rows)
    sure = [prediction(each, {"topic": "a"}, score=0.8) for each in pages.api.tasks]
    run = measured_run(pages, sure)
    page = pages.get(alignment(run))
    assert "People agree with each other on 0% of 1 task" in page.text("#panel")
    assert "0.80–0.90 2 0.80 100%" in page.text("table")
    assert len(page.all("figure svg")) == 2


def classes(number: int) -> JsonObject:
    """Metrics of as many classes, each true twice and taken once for the next."""
    rows = [
        {
            "class": f"class {n}",
            "support": 2,
            "given": 2,
            "correct": 1,
            "precision": 0.5,
            "recall": 0.5,
            "f1": 0.5,
            "recall_low": 0.1,
            "recall_high": 0.9,
        }
        for n in range(number)
    ]
    confusion = [
        {"true": f"class {n}", "given": f"class {(n + step) % number}", "n": 1}
        for n in range(number)
        for step in (0, 1)
    ]
    counts = {"n": 2 * number, "correct": number, "failed": 0, "accuracy": 0.5}
    counts |= {"low": 0.4, "high": 0.6, "score": 0.5}
    rates = {"precision": 0.5, "recall": 0.5, "f1": 0.5}
    report = {
        "classes": rows,
        "classes_left_out": 3,
        "macro": rates,
        "micro": rates,
        "confusion": confusion,
        "confusion_left_out": 0,
    }
    return {"overall": counts, "controls": {"topic": {**counts, **report}}, "truth": "ground_truth"}


@pytest.mark.slow
def test_many_classes_stay_a_small_page_with_all_of_them_to_page_through(pages: Pages) -> None:
    run = measured_run(pages, choices(pages, {0: "a"}), metrics=metrics_of(classes(500)))
    page = pages.get(alignment(run))
    assert len(page.html.encode()) < 150_000
    assert len(page.one("table.matrix").css("tr")) == 42
    assert len(page.all("table.matrix a")) <= 120
    assert "463 more are in the table below only" in page.text("#panel")
    seen: set[str] = set()
    for _ in range(5):
        seen |= set(re.findall(r"class \d+", page.text("section section .wide:last-of-type")))
        following = [each for each in page.all(".pager a") if each.text() == "Next classes"]
        if following:
            page = pages.htmx(str(following[0].attributes["href"]), target="panel")
    assert len(seen) == 500


@pytest.mark.slow
def test_only_the_classes_that_occur_stand_in_the_matrix(pages: Pages) -> None:
    metrics = classes(40)
    for row in metrics["controls"]["topic"]["classes"][4:]:
        row |= {"support": 0, "given": 0, "correct": 0}
    metrics["controls"]["topic"]["confusion"] = [
        {"true": f"class {n}", "given": f"class {n}", "n": 1} for n in range(4)
    ]
    run = measured_run(pages, choices(pages, {0: "a"}), metrics=metrics_of(metrics))
    page = pages.get(alignment(run))
    assert len(page.one("table.matrix").css("tr")) == 6
    assert "36 classes that neither truth nor answer names are left out" in page.text("#panel")
    assert len(page.one("table.classes").css("tr")) == 41


@pytest.mark.slow
def test_long_names_of_many_classes_are_numbers_that_the_table_names(pages: Pages) -> None:
    metrics = classes(40)
    named = {f"class {n}": f"{n:02d} {'a long name ' * 5}"[:60] for n in range(40)}
    topic = metrics["controls"]["topic"]
    for row in topic["classes"]:
        row["class"] = named[row["class"]]
    for cell in topic["confusion"]:
        cell |= {side: named[cell[side]] for side in ("true", "given")}
    run = measured_run(pages, choices(pages, {0: "a"}), metrics=metrics_of(metrics))
    page = pages.get(alignment(run))
    head = page.one("table.matrix").css("thead th")
    assert [each.attributes.get("title") for each in head[1:-1]] == list(named.values())
    assert head[1].text().split()[0] == "1"
    rows = page.one("table.classes").css("tbody tr")
    assert rows[39].css_first("th").text() == named["class 39"]
    assert rows[39].css_first("td").text() == "40"


@pytest.mark.slow
def test_hostile_class_names_are_text(pages: Pages) -> None:
    metrics = classes(3)
    for row in metrics["controls"]["topic"]["classes"]:
        row["class"] = row["class"].replace("class 1", EVIL)
    for cell in metrics["controls"]["topic"]["confusion"]:
        cell["true"] = cell["true"].replace("class 1", EVIL)
        cell["given"] = cell["given"].replace("class 1", EVIL)
    metrics["controls"][EVIL] = metrics["controls"].pop("topic")
    run = measured_run(pages, choices(pages, {0: "a"}), metrics=metrics_of(metrics))
    page = pages.get(alignment(run))
    assert "<script>alert" not in page.html
    assert not page.all("[onmouseover]")
    assert EVIL[:30] in page.text("table.matrix")
    for link in page.all("table.matrix a"):
        assert pages.get(str(link.attributes["href"])).status == 200


@pytest.mark.slow
def test_wide_tables_scroll_in_a_box_that_keys_reach(pages: Pages, run: Run) -> None:
    page = pages.get(alignment(run))
    for box in page.all("#panel .wide"):
        assert (box.attributes["tabindex"], box.attributes["role"]) == ("0", "region")
        assert box.attributes["aria-label"]
