"""Metrics as JSON: what the store keeps, the API answers and the commands print.

Reading takes rows of any version: what one did not keep yet is left open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ml_backend.kinds import TruthSource
from ml_backend.records.confidence import ConfidenceSource
from ml_backend.records.json_types import JsonObject
from ml_backend.records.metrics import (
    AgreementRate,
    Calibration,
    CalibrationBin,
    CharacterOverlap,
    ClassMetrics,
    ClassReport,
    Confusion,
    ControlMetrics,
    Correctness,
    HumanAgreement,
    LearnedCalibration,
    MacroMean,
    MicroMean,
    NumberError,
    RankCorrelation,
    Ranking,
    RunMetrics,
    SpanOverlap,
    TruthsUnread,
)

OVERALL = "overall"
"""What a query finds the correctness of whole tasks under, without reading all the rest."""

T = TypeVar("T")
Row = Mapping[str, Any]


def metrics_json(metrics: RunMetrics | None) -> JsonObject:
    """Return metrics as JSON, {} for none; parts that say nothing are left out."""
    if metrics is None:
        return {}
    found: JsonObject = {
        OVERALL: correctness_json(metrics.overall),
        "controls": _each(metrics.controls, control_json),
    }
    if metrics.per_region:
        found["per_region"] = _each(metrics.per_region, control_json)
    if metrics.calibration is not None:
        found["calibration"] = calibration_json(metrics.calibration)
    if metrics.learned is not None:
        found["calibrated"] = learned_json(metrics.learned)
    if metrics.humans is not None:
        found["humans"] = humans_json(metrics.humans)
    if metrics.unread is not None:
        found["unread"] = unread_json(metrics.unread)
    found["truth"] = metrics.truth.value
    if metrics.fingerprint:
        found["ground_truth"] = metrics.fingerprint
    return found


def metrics_of(row: Row | None) -> RunMetrics | None:
    """Return the metrics that were kept, None for none."""
    if not row or not row.get(OVERALL):
        return None
    calibration, humans, unread = (row.get(key) for key in ("calibration", "humans", "unread"))
    learned = row.get("calibrated")
    return RunMetrics(
        overall=correctness_of(row[OVERALL]),
        controls=_each(row.get("controls"), _control_of),
        per_region=_each(row.get("per_region"), _control_of),
        calibration=_calibration_of(calibration) if calibration else None,
        learned=_learned_of(learned) if learned else None,
        humans=_humans_of(humans) if humans else None,
        unread=TruthsUnread(**unread) if unread else None,
        truth=TruthSource(row.get("truth") or TruthSource.GROUND_TRUTH),
        fingerprint=row.get("ground_truth") or "",
    )


def correctness_json(counts: Correctness) -> JsonObject:
    return {name: getattr(counts, name) for name in _names(Correctness)}


def correctness_of(row: Row) -> Correctness:
    return _flat(Correctness, row)


def control_json(control: ControlMetrics) -> JsonObject:
    """Return a control's correctness and details, side by side."""
    found = correctness_json(control)
    if control.report is not None:
        found |= report_json(control.report)
    if control.overlap is not None:
        found["overlap"] = overlap_json(control.overlap)
    if control.error is not None:
        found["error"] = error_json(control.error)
    if control.order is not None:
        found["order"] = order_json(control.order)
    return found


def report_json(report: ClassReport) -> JsonObject:
    return {
        "classes": [_class_json(each) for each in report.classes],
        "classes_left_out": report.classes_left_out,
        "macro": _plain(report.macro),
        "micro": _plain(report.micro),
        "confusion": confusion_json(report),
        "confusion_left_out": report.confusion_left_out,
    }


def confusion_json(report: ClassReport) -> list[JsonObject]:
    return [{"true": cell.true, "given": cell.given, "n": cell.n} for cell in report.confusion]


def overlap_json(overlap: SpanOverlap) -> JsonObject:
    whole = _plain(overlap)
    return {**whole, "classes": _each(overlap.classes, _plain)}


def error_json(error: NumberError) -> JsonObject:
    return _plain(error)


def order_json(order: RankCorrelation) -> JsonObject:
    return _plain(order)


def calibration_json(found: Calibration) -> JsonObject:
    bins = []
    for each in found.bins:
        row = _plain(each)
        bins.append({"from": row.pop("start"), "to": row.pop("end"), **row})
    said: JsonObject = {"n": found.n, "ece": found.ece, "brier": found.brier, "bins": bins}
    if found.ranking is not None:
        said["ranking"] = _plain(found.ranking)
    return said


def learned_json(found: LearnedCalibration) -> JsonObject:
    return {
        "source": found.source.value,
        "learned_on": found.learned_on,
        "map": dict(found.map),
        "before": calibration_json(found.before),
        "after": calibration_json(found.after),
    }


def unread_json(unread: TruthsUnread) -> JsonObject:
    return {
        "annotations": unread.annotations,
        "tasks": unread.tasks,
        "reasons": dict(unread.reasons),
    }


def humans_json(humans: HumanAgreement) -> JsonObject:
    return {"overall": _plain(humans.overall), "controls": _each(humans.controls, _plain)}


def _class_json(row: ClassMetrics) -> JsonObject:
    plain = _plain(row)
    return {"class": plain.pop("name"), **plain}


def _control_of(row: Row) -> ControlMetrics:
    overlap, error, order = row.get("overlap"), row.get("error"), row.get("order")
    counts = correctness_of(row)
    return ControlMetrics(
        **correctness_json(counts),
        report=_report_of(row) if "classes" in row else None,
        overlap=_overlap_of(overlap) if overlap else None,
        error=_flat(NumberError, error) if error else None,
        order=_flat(RankCorrelation, order) if order else None,
    )


def _report_of(row: Row) -> ClassReport:
    # Of these two there may be hundreds in each of hundreds of runs: read without detours.
    return ClassReport(
        classes=tuple(_class_of(each["class"], each.get) for each in row["classes"]),
        classes_left_out=row.get("classes_left_out", 0),
        macro=_flat(MacroMean, row.get("macro") or {}),
        micro=_flat(MicroMean, row.get("micro") or {}),
        confusion=tuple(
            Confusion(cell["true"], cell["given"], cell["n"]) for cell in row.get("confusion", ())
        ),
        confusion_left_out=row.get("confusion_left_out", 0),
    )


def _class_of(name: str, get: Callable[..., Any]) -> ClassMetrics:
    return ClassMetrics(
        name,
        get("support", 0),
        get("given", 0),
        get("correct", 0),
        get("precision"),
        get("recall"),
        get("f1"),
        get("recall_low"),
        get("recall_high"),
    )


def _overlap_of(row: Row) -> SpanOverlap:
    classes = _each(row.get("classes"), lambda each: _flat(CharacterOverlap, each))
    return _flat(SpanOverlap, {**row, "classes": classes})


def _calibration_of(row: Row) -> Calibration:
    bins = [
        _flat(CalibrationBin, {**each, "start": each["from"], "end": each["to"]})
        for each in row["bins"]
    ]
    ranking = row.get("ranking")
    return Calibration(
        row["n"],
        row["ece"],
        row["brier"],
        tuple(bins),
        _flat(Ranking, ranking) if ranking else None,
    )


def _learned_of(row: Row) -> LearnedCalibration:
    return LearnedCalibration(
        source=ConfidenceSource(row["source"]),
        learned_on=row["learned_on"],
        map=row["map"],
        before=_calibration_of(row["before"]),
        after=_calibration_of(row["after"]),
    )


def _humans_of(row: Row) -> HumanAgreement:
    return HumanAgreement(
        _flat(AgreementRate, row["overall"]),
        _each(row.get("controls"), lambda each: _flat(AgreementRate, each)),
    )


def _each(rows: Mapping[str, Any] | None, change: Callable[[Any], T]) -> dict[str, T]:
    return {name: change(row) for name, row in (rows or {}).items()}


def _flat(kind: type[T], row: Row) -> T:
    """Return a record of what a row has of its fields."""
    return kind(**{name: row[name] for name in _names(kind) if name in row})


def _plain(record: Any) -> JsonObject:
    return {name: getattr(record, name) for name in _names(type(record))}


def _names(kind: Any) -> Iterable[str]:
    found: Mapping[str, Any] = kind.__dataclass_fields__
    return found
