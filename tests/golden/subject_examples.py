"""One example of every record about requests of data subjects and about the organisation."""

from __future__ import annotations

from datetime import date
from typing import Final

from answerable.audit.records import (
    Calendar,
    ContactPoint,
    DataCategory,
    DataRecipient,
    DataSource,
    IdentityCheck,
    OrganisationProfile,
    PurposeStatement,
    RecipientNotified,
    Record,
    RestrictionLifted,
    RetentionPeriod,
    SubjectRequestAnswered,
    SubjectRequestExtended,
    SubjectRequestOpened,
)
from tests.golden.fixed import ACTOR, NOON, OTHER_ACTOR, digest, entry_id

ABOUT_SUBJECTS: Final[tuple[Record, ...]] = (
    OrganisationProfile(
        controller=ContactPoint(
            name="Example Bank", address="1 Street", email="desk@example.org", phone="+49 30 1"
        ),
        joint_controllers=(ContactPoint(name="Example Broker"),),
        representative=ContactPoint(name="Example Office"),
        data_protection_officer=ContactPoint(name="Data protection office"),
        authority=ContactPoint(name="Example Authority"),
        purposes=(
            PurposeStatement(
                purpose="creditworthiness",
                name={"en": "Credit", "de": "Kredit für Häuser"},
                consequences={"en": "No loan"},
            ),
        ),
        categories=(
            DataCategory(name={"en": "Income"}, purposes=("creditworthiness",), special=False),
        ),
        recipients=(
            DataRecipient(
                id="hosting",
                name={"en": "Computing centre"},
                role="processor",
                purposes=("creditworthiness",),
                country="US",
                safeguard={"en": "Standard contractual clauses"},
                contact="privacy@example.net",
            ),
        ),
        sources=(
            DataSource(
                name={"en": "The application"},
                purposes=("creditworthiness",),
                from_the_person=True,
                publicly_available=False,
            ),
        ),
        retention=(
            RetentionPeriod(purpose="creditworthiness", days=3650, criteria={"en": "Ten years"}),
        ),
        automated_decisions={"en": "Applications are assessed automatically."},
        security_measures=({"en": "Encryption"},),
        calendar=Calendar(time_zone="Europe/Berlin", holidays=(date(2026, 12, 25),)),
    ),
    SubjectRequestOpened(
        request="access",
        article="gdpr-art-15",
        received_at=NOON,
        due_on=date(2026, 10, 21),
        due_at=NOON + 1,
        rules=digest(30),
        identity=IdentityCheck(kind="id-card", result="confirmed", by=ACTOR),
        channel="letter",
    ),
    SubjectRequestExtended(
        request=entry_id(1),
        reason="number-of-requests",
        months=2,
        due_on=date(2026, 12, 21),
        due_at=NOON + 2,
        told_at=NOON,
        rules=digest(30),
    ),
    SubjectRequestAnswered(
        request=entry_id(1),
        outcome="partly",
        ground="gdpr-art-15-4",
        answered_at=NOON,
        identity=IdentityCheck(kind="id-card", result="confirmed", by=OTHER_ACTOR),
        acts=(entry_id(2),),
    ),
    RestrictionLifted(
        restrictions=(entry_id(3),), ground="accuracy-verified", told_at=NOON, channel="letter"
    ),
    RecipientNotified(
        act=entry_id(4),
        recipient="hosting",
        result="impossible",
        ground="recipient-dissolved",
        told_at=NOON,
        channel="mail",
    ),
)
