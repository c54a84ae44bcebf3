"""Mutable things that are not evidence: API keys, console sessions, one-time links.

They live in tables of their own with their own migrations, never in the log. Only the
SHA-256 of a secret is stored; a secret is shown once, when it is made.
"""
