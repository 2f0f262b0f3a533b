"""What `make check` looks for beside lint and types: bandit's findings, known vulnerabilities."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from scripts import audit
from support.backends import answering
from support.processes import ROOT

FOUND: dict[str, Any] = {
    "dependencies": [
        {"name": "good", "version": "1", "vulns": []},
        {"name": "unknown", "skip_reason": "Dependency not found on PyPI"},
        {
            "name": "bad",
            "version": "2",
            "vulns": [
                {"id": "PYSEC-1", "fix_versions": ["3", "2.1"], "aliases": []},
                {"id": "PYSEC-2", "fix_versions": [], "aliases": []},
            ],
        },
    ]
}
NOSEC = re.compile(r"# nosec\b(?: (B\d{3}))?(?:  # (\S.*))?")


def test_known_vulnerabilities_are_named_with_what_mends_them() -> None:
    assert audit.report(FOUND) == (
        ["bad 2: PYSEC-1, mended in 3, 2.1", "bad 2: PYSEC-2, mended in no release yet"],
        2,
        1,
    )


def test_a_known_vulnerability_ends_the_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "answers", lambda: "")
    monkeypatch.setattr(audit, "audit", lambda: FOUND)
    with pytest.raises(SystemExit, match="Mend these"):
        audit.main()
    assert "PYSEC-1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"vulnerabilities": [{"id": "x"}]}, ""),
        ({"vulnerabilities": []}, "tells of no vulnerabilities"),
        ({"info": {}}, "tells of no vulnerabilities"),
        ([], "tells of no vulnerabilities"),
    ],
)
def test_a_list_that_knows_nothing_is_no_list(answer: Any, said: str) -> None:
    with answering(answer) as url:
        why = audit.answers(f"{url}/{{name}}/{{version}}")
    assert why.endswith("though there are some") if said else why == ""


def test_without_a_network_it_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = audit.answers("http://127.0.0.1:1/{name}/{version}")
    assert "does not answer" in found
    monkeypatch.setattr(audit, "answers", lambda: found)
    audit.main()
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("The dependencies were not audited: ")


def test_bandit_passes_nothing_over_without_a_reason() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["bandit"]
    assert settings.keys() == {"assert_used"}
    for folder in ("ml_backend", "scripts", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if found := NOSEC.search(line):
                    assert all(found.groups()), f"{path}:{number}: # nosec B000  # the reason"
