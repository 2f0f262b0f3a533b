"""`audit`: who did what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from ml_backend.cli.app import App, Group, pass_app
from ml_backend.records import AuditAction, AuditEvent

UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def moment(value: str) -> datetime:
    """Parse a time: ISO 8601, or how long ago as in ``7d``, ``12h``, ``30m``."""
    number, unit = value[:-1], value[-1:]
    if unit in UNITS and number.isdecimal() and len(number) < 6:
        return datetime.now(UTC) - timedelta(**{UNITS[unit]: int(number)})
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is neither a time such as 2026-11-30 nor how long ago such as 7d."
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.group(cls=Group)
def audit() -> None:
    """Who deleted, promoted, marked truth, changed keys and spent."""


@audit.command("list")
@click.option("--since", type=moment, metavar="WHEN", help="From then on: 2026-11-30, 7d, 12h.")
@click.option("--until", type=moment, metavar="WHEN", help="Before then.")
@click.option("--who", default="", help="A person's id, address or part of the name.")
@click.option("--action", "actions", default="", help="These alone, with commas between.")
@click.option("--project", type=int, metavar="ID", help="What concerns this project.")
@click.option("--before", type=int, metavar="EVENT", help="Older than this event.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@pass_app
def list_events(
    app: App,
    since: datetime | None,
    until: datetime | None,
    who: str,
    actions: str,
    project: int | None,
    before: int | None,
    limit: int,
) -> None:
    """List what was done, newest first. It is kept for AUDIT_DAYS days and changed by nobody.

    \b
    Examples:
      ls-prompts audit list --since 7d
      ls-prompts audit list --who kim@example.com --action predictions_deleted,prompt_deleted
      ls-prompts audit list --action run_ended --project 3 --json
    """
    from ml_backend.services.upkeep.audit_log import AuditQuery, actions_named

    query = AuditQuery(since, until, who, actions_named(actions), project, before, limit)
    found = app.container.audit_log.all(query)
    if app.as_json:
        app.document([document(each) for each in found])
        return
    app.table(
        ("Event", "When (UTC)", "Who", "By", "Did", "To", "Project", "How many", "Cost", "Outcome"),
        [
            (
                each.id,
                f"{each.at:%Y-%m-%d %H:%M:%S}",
                each.email or each.name,
                each.face,
                each.action.value.replace("_", " "),
                _object(each),
                each.project_id,
                ", ".join(f"{n} {name}" for name, n in each.counts.items()),
                "-" if each.cost is None else f"${each.cost:.4f}",
                each.outcome,
            )
            for each in found
        ],
        numbers=("Event", "Project", "Cost"),
        empty="Nothing of that is in the log.",
    )
    if len(found) == limit:
        app.note(f"Older ones: --before {found[-1].id}")


def document(event: AuditEvent) -> dict[str, object]:
    return {
        "id": event.id,
        "at": event.at.isoformat(),
        "face": event.face,
        "person": event.person_id,
        "email": event.email,
        "name": event.name,
        "action": event.action.value,
        "kind": event.kind,
        "object": event.object_id,
        "title": event.title,
        "project": event.project_id,
        "counts": dict(event.counts),
        "cost": event.cost,
        "outcome": event.outcome,
    }


def _object(event: AuditEvent) -> str:
    number = "" if event.object_id is None else str(event.object_id)
    title = f"{event.title!r}" if event.title else ""
    return " ".join(filter(None, (event.kind, number, title)))


NAMES = ", ".join(AuditAction)
list_events.help = f"{list_events.help}\n\nActions: {NAMES}."
