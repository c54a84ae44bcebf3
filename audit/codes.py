"""Codes that stand in headers and records: closed sets, never free text.

A value is part of hashed bytes, so it is never renamed or reused. This module imports
nothing but the standard library, so that a command line can offer the codes cheaply.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Automation", "ComponentKind", "DatasetRole", "Outcome", "Role"]


class Role(StrEnum):
    """What an actor may do; one API key or session holds a set of these."""

    SERVICE = "service"
    SCIENTIST = "scientist"
    MODEL_OWNER = "model_owner"
    REVIEWER = "reviewer"
    COMPLIANCE = "compliance"
    OFFICER = "officer"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SUBJECT = "subject"


class Automation(StrEnum):
    """How far a person took part in the decision (GDPR Art. 22(1))."""

    SOLELY_AUTOMATED = "solely_automated"
    ASSISTED = "assisted"
    MANUAL = "manual"


class Outcome(StrEnum):
    """What was decided, in the terms every use case shares."""

    APPROVE = "approve"
    DECLINE = "decline"
    REFER = "refer"
    PARTIAL = "partial"
    COUNTER_OFFER = "counter_offer"
    OTHER = "other"


class ComponentKind(StrEnum):
    """What kind of step took part in a decision."""

    RULE = "rule"
    MODEL = "model"
    HUMAN = "human"


class DatasetRole(StrEnum):
    """What a data set was used for."""

    TRAINING = "training"
    VALIDATION = "validation"
    HOLD_OUT = "hold_out"
    BACKGROUND = "background"
    PRODUCTION = "production"
