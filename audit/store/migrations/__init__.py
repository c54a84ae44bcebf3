"""Revisions of the log's schema, run by `answerable.audit.store.schema`."""
