"""Races over the real service and the wire: tasks of a Label Studio, answers over HTTP.

``python -m benchmarks.races_served`` takes about a quarter of an hour on two cores; ``--seeds 5``
is a glance. Service, engine, store and client are the server's own, Label Studio is the tests'
fake, and models are the simulator in a process of its own, which is right with their accuracies.
300 truths, a tolerance of 5 points. It ends with 1 where a figure is beyond its limit; of equal
models ``benchmarks.races`` draws more, without a wire.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from benchmarks.races import CASES, HEADINGS, Case, Outcome, report, row
from support.fake_label_studio import FakeLabelStudio
from support.house import served_house
from support.race_track import Field, RaceTrack
from support.simulator import SimulatorProcess

SERVED = (
    "four models",
    "eight, six 15 points below, cheap",
    "eight, six 15 points below, dear",
    "four equal models",
)


def raced(case: Case, seeds: int) -> list[Outcome]:
    """Race a case's models so often; every answer is asked for over HTTP."""
    with (
        tempfile.TemporaryDirectory() as folder,
        FakeLabelStudio() as fake,
        SimulatorProcess() as simulator,
        served_house(fake, simulator, Path(folder)) as house,
    ):
        track = RaceTrack(house, simulator, Field(case.accuracies, case.prices, case.truths))
        found = [track.race(seed) for seed in range(seeds)]
        served, counted = track.served(), sum(each.calls for each in found)
        if served != counted:
            raise SystemExit(f"{case.name}: {served} calls were served, and {counted} counted.")
    return [Outcome(each.winner, each.share, each.called_better, each.is_shown) for each in found]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--case", help="The beginning of a name; by default all of them.")
    given = parser.parse_args()
    print(HEADINGS)
    rows = []
    for case in CASES:
        if case.name not in SERVED or not case.name.startswith(given.case or ""):
            continue
        started = time.monotonic()
        rows.append((case, raced(case, given.seeds)))
        print(row(*rows[-1]), flush=True)
        print(f"{time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return report(rows)


if __name__ == "__main__":
    sys.exit(main())
