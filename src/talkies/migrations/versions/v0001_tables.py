"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table, and the one row that counts the claims."""
    _create_tasks()
    _create_queue_state()
    _create_api_keys()
    _create_files()
    _create_webhooks()


def _create_tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column(
            "number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=256), nullable=False),
        sa.Column("engine", sa.String(length=64), nullable=False),
        sa.Column("tier", sa.String(length=16), nullable=False),
        sa.Column("spec", sa.JSON(none_as_null=True)),
        sa.Column("duration_s", sa.Integer(), nullable=False),
        sa.Column("first_frame", sa.String(length=64)),
        sa.Column("last_frame", sa.String(length=64)),
        sa.Column("return_last_frame", sa.Boolean(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("callback_url", sa.String(length=2048)),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("stage", sa.String(length=64)),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=128)),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("plan", sa.JSON(none_as_null=True)),
        sa.Column("artifacts", sa.JSON(), nullable=False),
        sa.Column("failure", sa.JSON(none_as_null=True)),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_ms", sa.BigInteger()),
        sa.Column("finished_ms", sa.BigInteger()),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("lease_until_ms", sa.BigInteger()),
        sa.Column("result_expires_ms", sa.BigInteger()),
        sa.Column("deleted_ms", sa.BigInteger()),
        sa.Column("holds_files", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_tasks")),
        sa.UniqueConstraint("id", name=op.f("uq_tasks_id")),
    )
    op.create_index("ix_tasks_expiry", "tasks", ["status", "expires_ms"])
    op.create_index("ix_tasks_first_frame", "tasks", ["owner", "first_frame"])
    op.create_index("ix_tasks_last_frame", "tasks", ["owner", "last_frame"])
    op.create_index("ix_tasks_lease", "tasks", ["status", "lease_until_ms", "owner"])
    op.create_index("ix_tasks_line", "tasks", ["status", "tier", "owner", "number", "engine"])
    op.create_index("ix_tasks_newest", "tasks", ["owner", "deleted_ms", "number"])
    op.create_index("ix_tasks_newest_by_status", "tasks", ["owner", "deleted_ms", "status", "number"])
    op.create_index("ix_tasks_pace", "tasks", ["engine", "status", "finished_ms"])
    op.create_index("ix_tasks_retention", "tasks", ["holds_files", "result_expires_ms"])
    op.create_index("ix_tasks_spent", "tasks", ["owner", "created_ms", "duration_s", "status"])


def _create_queue_state() -> None:
    op.create_table(
        "claim_turn",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_turn")),
    )
    op.create_table(
        "shares",
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_shares")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=128), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name=op.f("fk_idempotency_keys_task_tasks")),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_ms"), "idempotency_keys", ["created_ms"])
    op.create_index(op.f("ix_idempotency_keys_task"), "idempotency_keys", ["task"])
    op.create_table(
        "task_events",
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=128)),
        sa.Column("detail", sa.String(length=1024)),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name=op.f("fk_task_events_task_tasks")),
        sa.PrimaryKeyConstraint("task", "number", name=op.f("pk_task_events")),
    )
    op.bulk_insert(sa.table("claim_turn", sa.column("id"), sa.column("turn")), [{"id": 1, "turn": 0}])


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("requests_per_minute", sa.Integer()),
        sa.Column("max_running", sa.Integer()),
        sa.Column("daily_seconds", sa.Integer()),
        sa.Column("callback_secret", sa.String(length=128), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger()),
        sa.Column("revoked_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_table(
        "key_secrets",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_ms", sa.BigInteger()),
        sa.Column("last_used_ms", sa.BigInteger()),
        sa.ForeignKeyConstraint(["key"], ["api_keys.id"], name=op.f("fk_key_secrets_key_api_keys")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_key_secrets")),
    )
    op.create_index(op.f("ix_key_secrets_key"), "key_secrets", ["key"])


def _create_files() -> None:
    op.create_table(
        "pictures",
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("storage_key", sa.String(length=1024), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "sha256", name=op.f("pk_pictures")),
    )
    op.create_index(op.f("ix_pictures_created_ms"), "pictures", ["created_ms"])
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("filename", sa.String(length=1024), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_expires_ms"), "uploads", ["expires_ms"])
    op.create_index("ix_uploads_owner_created_ms", "uploads", ["owner", "created_ms"])
    op.create_index("ix_uploads_owner_sha256", "uploads", ["owner", "sha256"])


def _create_webhooks() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("event_types", sa.JSON(), nullable=False),
        sa.Column("secret", sa.String(length=128), nullable=False),
        sa.Column("previous_secret", sa.String(length=128)),
        sa.Column("previous_secret_ends_ms", sa.BigInteger()),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_index(op.f("ix_webhook_endpoints_owner"), "webhook_endpoints", ["owner"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("task", sa.String(length=64), nullable=False),
        sa.Column("endpoint", sa.String(length=64)),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("event_type", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_status", sa.Integer()),
        sa.Column("last_error", sa.String(length=1024)),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("delivered_ms", sa.BigInteger()),
        sa.ForeignKeyConstraint(["task"], ["tasks.id"], name=op.f("fk_deliveries_task_tasks")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_due", "deliveries", ["state", "next_ms"])
    op.create_index("ix_deliveries_newest", "deliveries", ["owner", "created_ms"])
    op.create_index(op.f("ix_deliveries_task"), "deliveries", ["task"])
