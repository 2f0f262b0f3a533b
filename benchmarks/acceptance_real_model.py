"""What a real, small language model is worth, and what may be accepted of it: a promise, kept.

``python -m benchmarks.acceptance_real_model reviews.tsv`` wants the small model (``make real``) and
a file of lines "text, tab, 0 or 1", and takes some minutes. The model predicts each, and its
confidence is the log-probabilities; a sample is drawn, labelled and opened by the commands a person
gives, and what is promised is accepted. All of it is compared with the file. Further draws of the
same predictions say how often that would have gone wrong.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from benchmarks.acceptance_end_to_end import Studio
from ml_backend.records import ConfidenceSource
from ml_backend.scoring.acceptance import choose_threshold, is_accepted
from ml_backend.scoring.calibration import calibrate
from ml_backend.scoring.confidence.learning import JudgedConfidence, learn
from support.fake_label_studio import FakeLabelStudio
from support.server import Installation

CLASSES = ("Negative", "Positive")
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="feeling" toName="text" required="true">'
    '<Choice value="Negative"/><Choice value="Positive"/></Choices></View>'
)
PROMPT = """Is a review of a product positive or negative?

Review: It stopped working after a week.
Answer: Negative
Review: My wife loves it, and so do I.
Answer: Positive
Review: Save your money and buy another one.
Answer: Negative
Review: Does all it should, for a fair price.
Answer: Positive

Review: {text}"""
DRAWS = 500


class Reviews(Studio):
    """The reviews in a Label Studio, and a person who labels them as the file does."""

    config = CONFIG
    control = "feeling"


def read(path: Path) -> dict[str, str]:
    """Return what is right of each text; one that stands there twice counts once."""
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return {row[0]: CLASSES[int(row[1])] for row in lines if len(row) == 2 and row[1] in "01"}


def redrawn(
    scores: Sequence[float], right: Sequence[bool], labels: int, max_error: float, certainty: float
) -> str:
    """Return what other draws of the same predictions would have come to."""
    dice = random.Random(1)  # nosec B311  # no secret
    shares, broken = [], 0
    for _ in range(DRAWS):
        drawn = set(dice.sample(range(len(scores)), labels))
        found = choose_threshold(
            [scores[n] for n in drawn],
            [right[n] for n in drawn],
            max_error=max_error,
            certainty=certainty,
            population=scores,
        )
        if found.threshold is None:
            continue
        rest = [
            right[n]
            for n in range(len(scores))
            if n not in drawn and is_accepted(scores[n], found.threshold)
        ]
        shares.append(len(rest) / (len(scores) - labels))
        broken += rest.count(False) > max_error * len(rest)
    said = f"{len(shares)} of {DRAWS} other draws of {labels} promise at most {max_error:g} wrong"
    if not shares:
        return said
    return f"{said}, accept {sum(shares) / len(shares):.0%} of the rest, {broken} are broken"


def measure(server: Installation, studio: Reviews, truth: dict[str, str], labels: int) -> None:
    """Go the whole way once, and print what was found."""
    project = studio.make("Reviews", list(truth))
    wanted = {task: truth[text] for task, text in studio.texts(project).items()}
    where = ("--project", project)
    calm = ("--set", "temperature=0", "--confidence", "logprobs")
    server.cli("prompts", "create", "Feeling", *where, "--text", PROMPT, *calm)
    started = time.monotonic()
    server.cli("run", "Feeling", *where)
    print(f"{len(wanted)} reviews in {time.monotonic() - started:.0f} s")
    rows = studio.predictions(project)
    scored = [row for row in rows if row.score is not None]
    scores = [float(row.score or 0.0) for row in scored]
    right = [row.result[0]["value"]["choices"] == [wanted[row.task_id]] for row in scored]
    print(f"{len(rows)} predictions, {len(scored)} with a score, {sum(right)} of them right")
    known = calibrate(zip(scores, right, strict=True))
    print(f"all: {_said(known)}")
    judged = zip(scored, scores, right, strict=True)
    learned = learn(
        JudgedConfidence(row.task_id, score, ConfidenceSource.LOGPROBS, is_right)
        for row, score, is_right in judged
    )
    if learned is not None:
        print(f"learned from {learned.learned_on}; held out, before: {_said(learned.before)}")
        print(f"held out, after: {_said(learned.after)}")
    _promise(server, studio, project, wanted, labels)
    for max_error in (0.1, 0.15, 0.2):
        print(redrawn(scores, right, labels, max_error, 0.95))


def _promise(
    server: Installation, studio: Reviews, project: int, wanted: dict[int, str], labels: int
) -> None:
    numbers = ("--max-error", "0.1", "--certainty", "0.95")
    where = ("--project", project)
    sample = server.json("promises", "draw", "Feeling", *where, *numbers, "--size", labels, "--yes")
    drawn = set(sample["unlabelled_tasks"])
    for task in drawn:
        studio.label(task, wanted[task])
    print(server.cli("promises", "open", sample["id"]).strip())
    print(server.cli("predictions", "threshold", *where, "--prompt", "Feeling", *numbers).strip())
    opened = server.json("promises", "show", sample["id"])
    if opened["promise"]:
        server.cli(
            "predictions", "promote", *where, "--prompt", "Feeling", "--all", *numbers, "--yes"
        )
    made = {task: said for task, said in studio.labels(project).items() if task not in drawn}
    wrong = sum(said != [wanted[task]] for task, said in made.items())
    print(f"{len(made)} of {len(wanted) - labels} accepted, {wrong} of them wrong")


def _said(found: object) -> str:
    ranking = getattr(found, "ranking", None)
    told = f"n {found.n}, ECE {found.ece:.3f}, Brier {found.brier:.3f}"  # type: ignore[attr-defined]
    if ranking is None:
        return told
    return f"{told}, AUROC {ranking.auroc:.3f} ({ranking.low:.3f} to {ranking.high:.3f})"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.acceptance_real_model", description=__doc__
    )
    parser.add_argument("reviews", type=Path)
    parser.add_argument("--labels", type=int, default=200)
    parser.add_argument("--only", type=int, help="So many of the reviews.")
    given = parser.parse_args()
    truth = dict(list(read(given.reviews).items())[: given.only])
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fake = stack.enter_context(FakeLabelStudio())
        server = stack.enter_context(
            Installation(
                folder / "data",
                LABEL_STUDIO_URL=fake.url,
                LABEL_STUDIO_API_KEY=fake.token,
                LOCAL_MODEL="smollm2",
                LOCAL_CONTEXT="4096",
                LLM_TIMEOUT="240",
            )
        )
        studio = Reviews(fake.url, fake.token)
        stack.callback(studio.close)
        measure(server, studio, truth, given.labels)
    return 0


if __name__ == "__main__":
    sys.exit(main())
