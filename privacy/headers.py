"""What a column's header says, read token by token.

``acid_level`` does not say "cid" and ``policy`` does not say "lic": a word counts only as
a whole token, or as two neighbouring tokens written together (``e_mail``). A header
raises a possibility; what the values say decides.

Invariants: the lexicon is data; nothing here sees a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

__all__ = [
    "GENERIC_WORDS",
    "header_categories",
    "header_entities",
    "header_says",
    "header_tokens",
    "is_quasi_identifier",
    "names_people",
]

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-zà-öø-ÿß]+|[^\W\d_A-Za-zÀ-ÿ]+|\d+")

_ENTITY_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "EMAIL_ADDRESS": ("email", "emails", "mail", "correo"),
    "IBAN_CODE": ("iban", "ibans", "bank account", "kontonummer", "bankverbindung"),
    "CREDIT_CARD": (
        "card", "cards", "creditcard", "pan", "visa", "mastercard", "amex", "kreditkarte",
    ),
    "PHONE_NUMBER": (
        "phone", "phones", "telephone", "mobile", "cell", "tel", "fax", "handy", "telefon",
        "telefonnummer", "rufnummer", "contact number",
    ),
    "IP_ADDRESS": ("ip", "ipv4", "ipv6", "ipaddress"),
    "MAC_ADDRESS": ("mac", "hardware address"),
    "URL": ("url", "website", "homepage", "link", "webseite"),
    "UUID": ("uuid", "guid"),
    "US_SSN": ("ssn", "ssns", "social security"),
    "DATE_TIME": (
        "date", "datetime", "timestamp", "time", "day", "dob", "birthday", "birthdate", "born",
        "datum", "geburtsdatum", "geburtstag",
    ),
    "LOCATION": (
        "address", "street", "city", "town", "county", "location", "adresse", "strasse", "straße",
        "ort", "stadt", "wohnort", "anschrift",
    ),
}  # fmt: skip

_PERSON_WORDS: Final = (
    "name", "names", "fullname", "firstname", "lastname", "surname", "forename", "givenname",
    "familyname", "middlename", "nachname", "vorname", "nombre", "apellido", "nom",
    "prenom", "cardholder", "spouse", "applicant name", "customer name", "person", "contact person",
    "ansprechpartner",
)  # fmt: skip
_NOT_A_PERSON: Final = frozenset({
    "file", "product", "company", "firm", "brand", "column", "table", "field", "model", "host",
    "server", "domain", "event", "class", "variable", "city", "country", "county", "state",
    "street", "bank", "branch", "school", "department", "project", "item", "category", "package",
    "function", "device", "dataset", "species", "display", "plan",
})  # fmt: skip

_QUASI_WORDS: Final = (
    "age", "alter", "birth", "dob", "birthday", "birthdate", "birthyear", "born", "yob", "geburt",
    "geburtsdatum", "geburtsjahr", "geburtstag", "zip", "zipcode", "postcode", "postalcode",
    "postal", "plz", "postleitzahl", "city", "town", "county", "municipality", "district", "region",
    "state", "country", "ort", "wohnort", "stadt", "landkreis", "sex", "gender",
    "geschlecht", "male", "female", "married", "marital", "familienstand", "occupation", "job",
    "profession", "beruf", "employer", "arbeitgeber", "education", "dependents", "dependants",
    "latitude", "longitude", "lat", "lon", "lng", "street", "address", "strasse", "adresse",
)  # fmt: skip

_CATEGORY_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "gdpr-art-9:racial-or-ethnic-origin": (
        "race", "racial", "ethnic", "ethnicity", "ethnie", "black", "white", "hispan", "hispanic",
        "latino", "latina", "asian", "caucasian", "african american", "tribe", "caste", "roma",
        "herkunft", "ethnische",
    ),
    "gdpr-art-9:political-opinions": ("political", "politics", "party affiliation", "partei"),
    "gdpr-art-9:religious-or-philosophical-beliefs": (
        "religion", "religious", "faith", "denomination", "church", "konfession", "kirchensteuer",
    ),
    "gdpr-art-9:trade-union-membership": ("union", "trade union", "gewerkschaft"),
    "gdpr-art-9:genetic-data": ("genetic", "genome", "genotype", "dna"),
    "gdpr-art-9:biometric-data": ("biometric", "fingerprint", "faceprint", "iris scan"),
    "gdpr-art-9:health": (
        "health", "diagnosis", "disease", "disability", "disabled", "medical", "medication", "icd",
        "hiv", "pregnant", "pregnancy", "krankheit", "diagnose", "gesundheit", "behinderung",
        "schwanger", "bmi", "blood pressure",
    ),
    "gdpr-art-9:sex-life-or-orientation": (
        "sexual", "orientation", "sexuality", "lgbt", "transgender",
    ),
    "gdpr-art-10:convictions-and-offences": (
        "conviction", "convictions", "criminal", "offence", "offense", "felony", "arrest",
        "vorstrafe", "straftat",
    ),
    "protected:sex": ("sex", "gender", "male", "female", "geschlecht"),
    "protected:age": ("age", "alter", "dob", "birthdate", "birthday", "geburtsdatum", "yob"),
    "protected:marital-status": ("married", "marital", "familienstand"),
    "protected:national-origin": ("nationality", "citizenship", "national origin"),
}  # fmt: skip

GENERIC_WORDS: Final = frozenset({
    "ag", "address", "adresse", "approval", "association", "auto", "billing", "car", "certificate",
    "check", "delivery", "document", "documento", "estero", "firma", "gesellschaft", "id",
    "identification", "identity", "individual", "insurance", "mailing", "member", "number", "ort",
    "pass", "pi", "policy", "save", "shipping", "states", "tax", "travel", "ug", "united", "us",
    "viaggiare",
})  # fmt: skip
"""Context words of presidio's recognisers that are too common to count in a header."""


def header_tokens(header: str) -> tuple[str, ...]:
    """Return the lower-case words of a header.

    Returns
    -------
    tuple[str, ...]
        Split at separators, at changes of case and before digits; case-folded.

    Examples
    --------
    >>> header_tokens("applicantEMail_2"), header_tokens("IBANCode")
    (('applicant', 'e', 'mail', '2'), ('iban', 'code'))
    """
    return tuple(word.casefold() for word in _WORD.findall(header))


def header_says(tokens: tuple[str, ...], words: Iterable[str]) -> bool:
    """Return whether any word or phrase stands in the header as whole tokens.

    Parameters
    ----------
    tokens : tuple[str, ...]
        As :func:`header_tokens` gives them.
    words : Iterable[str]
        Words, or phrases of several words.

    Returns
    -------
    bool
        Two neighbouring tokens also count when written together they make the word.

    Examples
    --------
    >>> header_says(header_tokens("e-mail"), ["email"]), header_says(("policy",), ["lic"])
    (True, False)
    """
    joined = {first + second for first, second in pairwise(tokens)}
    spaced = f" {' '.join(tokens)} "
    return any(
        f" {word.casefold()} " in spaced or word.casefold() in joined for word in words if word
    )


def header_entities(tokens: tuple[str, ...]) -> frozenset[str]:
    """Return the entities of our own vocabulary that the header names.

    Returns
    -------
    frozenset[str]
        Possibilities to be tried on the values, never findings.

    Examples
    --------
    >>> sorted(header_entities(("mobile", "phone")))
    ['PHONE_NUMBER']
    """
    return frozenset(
        entity for entity, words in _ENTITY_WORDS.items() if header_says(tokens, words)
    )


def names_people(tokens: tuple[str, ...]) -> bool:
    """Return whether the header says that the column holds names of people.

    Returns
    -------
    bool
        False for names of things: a product name, a file name, a county name.

    Examples
    --------
    >>> names_people(("applicant", "name")), names_people(("file", "name"))
    (True, False)
    """
    return header_says(tokens, _PERSON_WORDS) and _NOT_A_PERSON.isdisjoint(tokens)


def is_quasi_identifier(tokens: tuple[str, ...]) -> bool:
    """Return whether the header names something that singles people out in combination.

    Returns
    -------
    bool
        True for dates of birth, places, sex, occupation and the like.

    Examples
    --------
    >>> is_quasi_identifier(("date", "of", "birth")), is_quasi_identifier(("loanamt",))
    (True, False)
    """
    return header_says(tokens, _QUASI_WORDS)


def header_categories(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Return the legally protected categories the header names, in a fixed order.

    Returns
    -------
    tuple[str, ...]
        ``gdpr-art-9:...`` and ``gdpr-art-10:...`` for special categories and criminal
        data, ``protected:...`` for further attributes of equal-treatment law.

    References
    ----------
    GDPR, Articles 9(1) and 10.

    Examples
    --------
    >>> header_categories(("hispan",))
    ('gdpr-art-9:racial-or-ethnic-origin',)
    """
    return tuple(
        category for category, words in _CATEGORY_WORDS.items() if header_says(tokens, words)
    )
