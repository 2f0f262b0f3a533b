"""Titles of prompts and connections are unique among those who see each other's, not in a table.

SQLite cannot drop a constraint: the table is made anew, its foreign keys switched off meanwhile
(env.py), and goes on counting where it was: the number of a deleted prompt is given to no other.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.drop_constraint("uq_prompts_title", "prompts", type_="unique")
        op.create_index("ix_prompts_title", "prompts", ["title"])
        op.drop_constraint("uq_connections_title", "connections", type_="unique")
        return
    with op.batch_alter_table("connections", recreate="always") as table:
        table.drop_constraint("uq_connections_title", type_="unique")
    counted = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'prompts'")
    last = connection.execute(counted).scalar()
    with op.batch_alter_table(
        "prompts", recreate="always", table_kwargs={"sqlite_autoincrement": True}
    ) as table:
        table.drop_constraint("uq_prompts_title", type_="unique")
    op.create_index("ix_prompts_title", "prompts", ["title"])
    if last is not None:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'prompts'"))
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('prompts', :seq)"),
            {"seq": last},
        )
