"""Look what is installed up among the known vulnerabilities: `make check` calls it.

Asks PyPI's own list, by pip-audit. Without a network, or where an index stands in for PyPI that has
no such list, it says so in one line and is content; a known vulnerability is shown and ends it
with 1. Only the standard library beside pip-audit.
"""

from __future__ import annotations

import json
import subprocess  # nosec B404  # no shell; each call says what it starts
import sys
import urllib.request
from typing import Any

LIST = "https://pypi.org/pypi/{name}/{version}/json"
KNOWN = ("jinja2", "2.4.1")
"""A release that the list has vulnerabilities of: by it one knows whether the list answers."""

SECONDS = 10.0
LONGEST = 300.0
EXCEPTIONS: dict[str, str] = {}
"""Vulnerabilities that do not concern us, each with the reason."""


def answers(address: str = LIST) -> str:
    """Return why the list cannot be asked, empty when it can."""
    url = address.format(name=KNOWN[0], version=KNOWN[1])
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as response:  # nosec B310  # as above
            found = json.load(response)
    except (OSError, ValueError) as error:
        return f"{url} does not answer ({error})"
    listed = isinstance(found, dict) and found.get("vulnerabilities")
    return "" if listed else f"{url} tells of no vulnerabilities, though there are some"


def audit() -> dict[str, Any]:
    """Return what pip-audit says of all that is installed beside this Python."""
    words = ["--local", "--skip-editable", "--progress-spinner", "off", "--format", "json"]
    command = [sys.executable, "-m", "pip_audit", *words]
    done = subprocess.run(  # nosec B603  # our own words
        command, capture_output=True, text=True, timeout=LONGEST, check=False
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        sys.exit(f"The audit failed:\n{done.stderr}")
    return found


def report(found: dict[str, Any]) -> tuple[list[str], int, int]:
    """Return a line for each vulnerability, and how many packages were and were not looked up."""
    packages = found["dependencies"]
    looked_up = [each for each in packages if "skip_reason" not in each]
    lines = [
        f"{each['name']} {each['version']}: {known['id']}, mended in "
        f"{', '.join(known['fix_versions']) or 'no release yet'}"
        for each in looked_up
        for known in each["vulns"]
        if known["id"] not in EXCEPTIONS
    ]
    return lines, len(looked_up), len(packages) - len(looked_up)


def main() -> None:
    if why := answers():
        print(f"The dependencies were not audited: {why}.")
        return
    lines, known, unknown = report(audit())
    for line in lines:
        print(line)
    if lines:
        sys.exit("Mend these, or say in scripts/audit.py why they do not concern us.")
    print(f"{known} packages without a known vulnerability, {unknown} that PyPI does not know.")


if __name__ == "__main__":
    main()
