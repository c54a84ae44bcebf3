"""A client of the HTTP API for services written in Python."""

from answerable.api.client.client import AnswerableClient

__all__ = ["AnswerableClient"]
