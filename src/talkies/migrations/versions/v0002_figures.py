"""The delivery log, and what metrics need from workers: stage times and who is alive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add three tables; nothing that exists is touched."""
    _create_stage_times()
    _create_workers()
    _create_delivery_attempts()


def _create_stage_times() -> None:
    op.create_table(
        "stage_times",
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("engine", sa.String(length=64), nullable=False),
        sa.Column("took_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name=op.f("fk_stage_times_task_tasks")),
        sa.PrimaryKeyConstraint("task", "attempt", "stage", name=op.f("pk_stage_times")),
    )


def _create_workers() -> None:
    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("engines", sa.JSON(), nullable=False),
        sa.Column("alive_until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )


def _create_delivery_attempts() -> None:
    op.create_table(
        "delivery_attempts",
        sa.Column(
            "number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("delivery", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("took_ms", sa.BigInteger()),
        sa.Column("status", sa.Integer()),
        sa.Column("error", sa.String(length=1024)),
        sa.Column("outcome", sa.String(length=16)),
        sa.ForeignKeyConstraint(
            ["delivery"], ["deliveries.id"], name=op.f("fk_delivery_attempts_delivery_deliveries")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_delivery_attempts")),
    )
    op.create_index(op.f("ix_delivery_attempts_delivery"), "delivery_attempts", ["delivery"])
