"""What to do next, in messages kept from before, as values instead of commands."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = ("runs", "jobs", "follows")
SAYINGS = tuple(
    (re.compile(pattern), said)
    for pattern, said in (
        (
            r"(?:Mend that, then|Look at Label Studio's log, then|"
            r"Free its disk or end what locks it, then) `ls.prompts runs resume (\d+)`\.",
            r'⟦resume_run {"run": \1}⟧',
        ),
        (r"`ls.prompts runs failures (\d+)` lists the reasons\.", r'⟦list_failures {"run": \1}⟧'),
        (r"; run with \-\-activate to switch\.", ". ⟦switch_label_stream {}⟧"),
        (
            r"Start a run with \-\-only-missing and another \-\-budget for the rest; "
            r"answers already paid for are kept\.",
            "⟦ask_the_rest {}⟧ Answers already paid for are kept.",
        ),
        (
            r"Raise it with `ls.prompts connections budget`, or wait for the next period; "
            r"answers already paid for are kept\.",
            "⟦raise_connection_budget {}⟧ Answers already paid for are kept.",
        ),
        (
            r"Give the connection its prices \(connections add \-\-price\), or leave \-\-budget\.",
            "⟦add_price_or_drop_budget {}⟧",
        ),
        (
            r"Give the connection its prices \(connections add \-\-price\), or take its budget "
            r"away \(connections budget \-\-unlimited\)\.",
            "⟦add_price_or_lift_limit {}⟧",
        ),
        (
            r"St.r annotations in Label Studio to make them ground truth, or take all submitted "
            r"annotations \(\-\-truth annotations\)\.",
            "⟦measure_on_annotations {}⟧",
        ),
        (
            r"St.r more annotations as ground truth, or evaluate on all of it with "
            r"\-\-all-ground-truth\.",
            "⟦annotate_more_or_all_truth {}⟧",
        ),
        (
            r"Run without \-\-only-missing to ask all tasks again\.",
            "⟦ask_all_again {}⟧",
        ),
        (r"Name one with \-\-model, or set OPENAI_MODEL\.", "⟦name_model {}⟧"),
        (r"See `ls.prompts runs show (\d+)`, then repeat the command\.", r'⟦show_run {"run": \1}⟧'),
        (
            r"Wait for their end, or cancel them \(`ls.prompts runs cancel`\), and repeat\.",
            "Wait for their end, then repeat.",
        ),
    )
)


def upgrade() -> None:
    connection = op.get_bind()
    for name in TABLES:
        table = sa.table(name, *(sa.column(column) for column in (*KEYS[name], "message")))
        keys = [table.c[column] for column in KEYS[name]]
        query = sa.select(*keys, table.c.message).where(
            sa.or_(table.c.message.contains("`ls"), table.c.message.contains("--"))
        )
        for row in connection.execute(query).all():
            said = row.message
            for pattern, words in SAYINGS:
                said = pattern.sub(words, said)
            if said != row.message:
                same = sa.and_(*(key == value for key, value in zip(keys, row[:-1], strict=True)))
                connection.execute(sa.update(table).where(same).values(message=said))


KEYS = {"runs": ("id",), "jobs": ("id",), "follows": ("prompt_id", "project_id")}
