"""`--vote` and `--cascade` of run, evaluate and estimate."""

from __future__ import annotations

import pytest

from support.terminal import Terminal

SURE = '{"logprobs": true}'


@pytest.fixture
def three(terminal: Terminal, mails: list[int]) -> Terminal:
    """The prompt of the mails with three versions; the second tells how sure it is."""
    terminal.run("versions", "create", "Topic", "--text", "Again {text}?", "--parameters", SURE)
    terminal.run("versions", "create", "Topic", "--text", "Once more {text}?")
    return terminal


@pytest.mark.slow
def test_a_vote_names_its_versions_before_and_what_each_came_to_after(three: Terminal) -> None:
    names = "Version 1,Version 2,Version 3"
    result = three.run("run", "Topic", "--project", "Mails", "--vote", names)
    assert "asked of 'Version 1', 'Version 2', 'Version 3'" in result.stderr
    assert "3 versions are asked every task" in result.stderr
    assert "Version 3: asked 4" in result.stdout
    assert three.held() == {"Topic__vote Version 1 + Version 2 + Version 3": 4}
    [run] = three.json("runs", "list")
    shown = three.json("runs", "show", run["id"])
    assert [each["title"] for each in shown["vote"]] == names.split(",")
    assert shown["cascade"] is None


@pytest.mark.slow
def test_a_vote_is_measured_beside_its_versions(three: Terminal) -> None:
    run = three.json("evaluate", "Topic", "--project", "Mails", "--vote", "Version 2,Version 3")
    assert run["slot"] == "evaluate"
    assert run["metrics"]["overall"]["n"] == 2
    assert three.held() == {"Topic__vote Version 2 + Version 3__evaluate": 2}


@pytest.mark.slow
def test_a_cascade_asks_the_dear_version_for_what_the_cheap_one_is_not_sure_of(
    three: Terminal,
) -> None:
    three.run("evaluate", "Topic", "--project", "Mails", "--version", "Version 2")
    asked = ["run", "Topic", "--project", "Mails", "--cascade", "Version 2,Version 3"]
    sure = three.json(*asked, "--min-score", "0")
    assert "Version 2: asked 4, stands in 4" in sure["message"]
    assert sure["cascade"]["min_score"] == 0
    unsure = three.json(*asked, "--min-score", "1")
    assert "Version 3: asked 4, stands in 4" in unsure["message"]
    held = {"Topic__cascade Version 2 + Version 3": 4, "Topic__Version 2__evaluate": 2}
    assert three.held() == held
    told = three.run("estimate", "Topic", "--project", "Mails", *asked[4:], "--min-score", "1")
    assert "100% of them are expected to go on to 'Version 3', as did 2 answers" in told.stdout


@pytest.mark.slow
def test_a_threshold_that_nothing_bears_out_is_refused_with_what_to_do(three: Terminal) -> None:
    asked = ["run", "Topic", "--project", "Mails", "--max-error", "0.05"]
    first = three.run(*asked, "--cascade", "Version 2,Version 3", code=1)
    assert "ls-prompts evaluate" in first.stderr
    three.run("evaluate", "Topic", "--project", "Mails", "--version", "Version 2")
    few = three.run(*asked, "--cascade", "Version 2,Version 3", code=1)
    assert "No threshold of 'Version 2'" in few.stderr
    assert "--min-score" in few.stderr


@pytest.mark.slow
def test_an_estimate_of_a_vote_is_the_sum_of_its_versions(three: Terminal) -> None:
    three.run("connections", "price", "environment", "gpt-4o-mini=1,2")

    def cost(*which: str) -> float:
        return float(
            three.json("estimate", "Topic", "--project", "Mails", *which)["total_cost_usd"]
        )

    each = [cost("--version", f"Version {n}") for n in (1, 2, 3)]
    assert cost("--vote", "Version 1,Version 2,Version 3") == pytest.approx(sum(each))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(["--vote", "1,2", "--cascade", "1,2"], "not both", id="both ways"),
        pytest.param(["--vote", "1,2", "--version", "1"], "leave --version out", id="a version"),
        pytest.param(["--vote", "1,2", "--min-score", "0.5"], "goes with --cascade", id="a score"),
        pytest.param(["--max-error", "0.5"], "goes with --cascade", id="an error alone"),
    ],
)
def test_options_that_do_not_go_together_are_named(
    terminal: Terminal, mails: list[int], options: list[str], said: str
) -> None:
    result = terminal.run("run", "Topic", "--project", "Mails", *options, code=2)
    assert said in result.stderr
