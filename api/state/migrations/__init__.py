"""Alembic migrations of the mutable state, shipped inside the wheel."""
