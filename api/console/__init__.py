"""The console: pages for officers, reviewers, scientists, auditors and applicants.

Rendered on the server, usable without a script, over the same flows as the HTTP API.
"""

from answerable.api.console.app import mount_console

__all__ = ["mount_console"]
