"""Registering what later evidence rests on: people, use cases, data, policies, functions.

Promises: the same content again is the same registration and gives the first receipt; a
name and version that stand for other content are a :class:`Conflict`; a decision function
is refused unless its models load, fit their features, and its catalogue has a text in
every language it must speak.
"""

from __future__ import annotations

from answerable.api.flows.register.datasets import (
    DatasetDescription,
    describe_dataset,
    register_dataset,
)
from answerable.api.flows.register.documents import register_catalogue, register_policy
from answerable.api.flows.register.functions import (
    LANGUAGES,
    ModelDescription,
    register_baseline,
    register_function,
    store_model,
)
from answerable.api.flows.register.people import register_actor, register_use_case

__all__ = [
    "LANGUAGES",
    "DatasetDescription",
    "ModelDescription",
    "describe_dataset",
    "register_actor",
    "register_baseline",
    "register_catalogue",
    "register_dataset",
    "register_function",
    "register_policy",
    "register_use_case",
    "store_model",
]
