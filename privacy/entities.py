"""The vocabulary of entities: which kinds of personal data are known, and what each one is.

Names are presidio's where presidio has one. An entity that a newer presidio adds is
treated as a direct identifier until it is listed here: unknown is never harmless.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = [
    "COMMON_ENTITIES",
    "EXOTIC_ENTITIES",
    "LANGUAGE_ENTITIES",
    "ColumnRole",
    "all_entities",
    "entity_role",
]


class ColumnRole(StrEnum):
    """What a column is to the people its rows describe."""

    DIRECT_IDENTIFIER = "direct_identifier"
    QUASI_IDENTIFIER = "quasi_identifier"
    SPECIAL_CATEGORY = "special_category"
    ATTRIBUTE = "attribute"
    FREE_TEXT = "free_text"
    NONE = "none"


COMMON_ENTITIES: Final = (
    "EMAIL_ADDRESS",
    "IBAN_CODE",
    "CREDIT_CARD",
    "UUID",
    "MAC_ADDRESS",
    "URL",
    "IP_ADDRESS",
    "US_SSN",
    "DATE_TIME",
    "PHONE_NUMBER",
)
"""Found by recognisers of our own, strongest first: an earlier one claims what it matched."""

LANGUAGE_ENTITIES: Final = ("PERSON", "LOCATION", "NRP", "ORGANIZATION")
"""Need a language model: without one they read 'not examined'."""

_QUASI: Final = frozenset({
    "AU_ABN", "AU_ACN", "CA_POSTAL_CODE", "DE_HANDELSREGISTER", "DE_PLZ", "DE_VAT_ID", "IN_GSTIN",
    "IT_VAT_CODE", "KR_BRN", "LOCATION", "SE_ORGANISATIONSNUMMER", "SG_UEN", "UK_POSTCODE",
    "US_PROVIDER_TAX_ID", "UUID", "ZA_COMPANY_REGISTRATION", "ZA_VAT_NUMBER",
})  # fmt: skip
_ATTRIBUTES: Final = frozenset({"ABA_ROUTING_NUMBER", "DATE_TIME", "ORGANIZATION", "URL"})

EXOTIC_ENTITIES: Final = (
    "ABA_ROUTING_NUMBER", "AU_ABN", "AU_ACN", "AU_MEDICARE", "AU_TFN", "CA_POSTAL_CODE", "CA_SIN",
    "CRYPTO", "DE_BSNR", "DE_FUEHRERSCHEIN", "DE_HANDELSREGISTER", "DE_HEALTH_INSURANCE",
    "DE_ID_CARD", "DE_KFZ", "DE_LANR", "DE_PASSPORT", "DE_PLZ", "DE_SOCIAL_SECURITY", "DE_TAX_ID",
    "DE_TAX_NUMBER", "DE_VAT_ID", "ES_NIE", "ES_NIF", "ES_PASSPORT", "FI_PERSONAL_IDENTITY_CODE",
    "IN_AADHAAR", "IN_GSTIN", "IN_PAN", "IN_PASSPORT", "IN_VEHICLE_REGISTRATION", "IN_VOTER",
    "IT_DRIVER_LICENSE", "IT_FISCAL_CODE", "IT_IDENTITY_CARD", "IT_PASSPORT", "IT_VAT_CODE",
    "KR_BRN", "KR_DRIVER_LICENSE", "KR_FRN", "KR_PASSPORT", "KR_RRN", "MEDICAL_LICENSE", "NG_NIN",
    "NG_VEHICLE_REGISTRATION", "PH_PASSPORT", "PH_TIN", "PH_UMID", "PL_PESEL",
    "SE_ORGANISATIONSNUMMER", "SE_PERSONNUMMER", "SG_NRIC_FIN", "SG_UEN", "TH_TNIN",
    "TR_LICENSE_PLATE", "TR_NATIONAL_ID", "UK_DRIVING_LICENCE", "UK_NHS", "UK_NINO", "UK_PASSPORT",
    "UK_POSTCODE", "UK_VEHICLE_REGISTRATION", "US_BANK_NUMBER", "US_CLAIM_NUMBER",
    "US_DRIVER_LICENSE", "US_HEALTH_INSURANCE_MEMBER_ID", "US_ITIN", "US_MBI", "US_NPI",
    "US_PASSPORT", "US_PRESCRIPTION_NUMBER", "US_PRIOR_AUTHORIZATION_NUMBER", "US_PROVIDER_TAX_ID",
    "US_REFERRAL_NUMBER", "ZA_COMPANY_REGISTRATION", "ZA_DRIVER_LICENSE", "ZA_ID_NUMBER",
    "ZA_INCOME_TAX_NUMBER", "ZA_LICENSE_PLATE", "ZA_PASSPORT", "ZA_TRAFFIC_REGISTER_NUMBER",
    "ZA_VAT_NUMBER",
)  # fmt: skip
"""Found by presidio's pattern recognisers."""


def entity_role(entity: str) -> ColumnRole:
    """Return the role of a column that holds `entity`.

    Returns
    -------
    ColumnRole
        Direct identifier for an entity that is not listed.

    Examples
    --------
    >>> [entity_role(entity).value for entity in ("IBAN_CODE", "DE_PLZ", "NRP")]
    ['direct_identifier', 'quasi_identifier', 'special_category']
    """
    if entity in _QUASI:
        return ColumnRole.QUASI_IDENTIFIER
    if entity in _ATTRIBUTES:
        return ColumnRole.ATTRIBUTE
    if entity == "NRP":
        return ColumnRole.SPECIAL_CATEGORY
    return ColumnRole.DIRECT_IDENTIFIER


def all_entities() -> tuple[str, ...]:
    """Return every entity the scanner knows, in a fixed order."""
    return (*COMMON_ENTITIES, *LANGUAGE_ENTITIES, *EXOTIC_ENTITIES)
