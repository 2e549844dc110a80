"""add texts, with a comma"""

import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade():
    op.add_column("items", sa.Column("text", sa.Text))


def downgrade():
    op.drop_column("items", "text")
