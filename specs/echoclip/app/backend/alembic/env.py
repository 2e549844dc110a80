"""Migrations run against the database that the bootstrap file names."""

from alembic import context
from sqlalchemy import create_engine, pool

from bootstrap_config import get_bootstrap_config

engine = create_engine(get_bootstrap_config().get_database_url(), poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
