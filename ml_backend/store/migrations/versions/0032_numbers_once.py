"""The number of a removed connection is given to no other; a promise knows its newest task.

On SQLite a table without AUTOINCREMENT gives the highest number out again once its row is gone: a
connection made later was taken for the one that was removed, by versions and runs that name it and
by what that one had spent.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

NAMED_BY = (
    "SELECT max(id) FROM connections",
    "SELECT max(connection_id) FROM versions",
    "SELECT max(connection_id) FROM spendings",
    "SELECT max(object_id) FROM audit_events WHERE kind = 'connection'",
)
"""What knows numbers of connections, those of removed ones too."""


def upgrade() -> None:
    op.add_column("promise_samples", sa.Column("newest_task_at", sa.DateTime(timezone=True)))
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    with op.batch_alter_table(
        "connections", recreate="always", table_kwargs={"sqlite_autoincrement": True}
    ):
        pass
    last = max(connection.execute(sa.text(each)).scalar() or 0 for each in NAMED_BY)
    connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'connections'"))
    connection.execute(
        sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('connections', :seq)"),
        {"seq": last},
    )
