"""Alembic's entry: runs the migrations on the engine it is handed."""

from __future__ import annotations

from alembic import context

from ml_backend.store.tables import metadata

engine = context.config.attributes["engine"]

with engine.connect() as connection:
    raw = connection.connection.driver_connection
    if engine.dialect.name == "sqlite":
        # A table that is made anew is dropped first, which must take nothing along. Outside of any
        # transaction: within one this says nothing.
        raw.execute("PRAGMA foreign_keys=OFF")
    try:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    finally:
        if engine.dialect.name == "sqlite":
            connection.rollback()
            raw.execute("PRAGMA foreign_keys=ON")
