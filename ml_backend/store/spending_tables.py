"""The tables of money: what was spent by day, what is set aside of limits, given prices."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, String, Table

from ml_backend.store.schema import Large, metadata

spendings = Table(
    "spendings",
    metadata,
    Column("connection_id", Integer, primary_key=True, autoincrement=False),
    Column("day", String(10), primary_key=True),
    Column("cost", Float, nullable=False),
    Column("calls", Large, nullable=False),
    Column("unpriced", Large, nullable=False),
    Column("prompt_tokens", Large, nullable=False),
    Column("completion_tokens", Large, nullable=False),
    Column("uncounted", Large, nullable=False, default=0, server_default="0"),
)

# Blocks that processes have set aside of a limit; the row without a holder has what was spent.
allowances = Table(
    "allowances",
    metadata,
    Column("account", String(200), primary_key=True),
    Column("holder", String(200), primary_key=True),
    Column("spent", Float, nullable=False),
    Column("held", Float, nullable=False),
    Column("asked", Float, nullable=False),
    Column("lease_until", Float, nullable=False),
)

# Of the connection that the environment makes, which has no row: by where it leads.
environment_prices = Table(
    "environment_prices",
    metadata,
    Column("place", String(80), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("prompt", Float, nullable=False),
    Column("completion", Float, nullable=False),
)
