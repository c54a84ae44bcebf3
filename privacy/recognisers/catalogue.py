"""The recognisers of our own, strongest evidence first.

Order matters: what an earlier recogniser was believed to have matched is not offered to a
later one, so an e-mail address is not also a web address and an IBAN's digits are not also
a phone number. To add a recogniser, write a class that meets
:class:`~answerable.privacy.recognisers.recogniser.Recogniser` and list it here.
"""

from __future__ import annotations

from answerable.privacy.recognisers.cards import CardRecogniser
from answerable.privacy.recognisers.dates import DateRecogniser
from answerable.privacy.recognisers.iban import IbanRecogniser
from answerable.privacy.recognisers.network import email, ip_address, mac_address, url, uuid
from answerable.privacy.recognisers.phones import PhoneRecogniser
from answerable.privacy.recognisers.recogniser import Recogniser
from answerable.privacy.recognisers.social_security import social_security

__all__ = ["common_recognisers"]


def common_recognisers() -> tuple[Recogniser, ...]:
    """Return the recognisers of the common entities in the order they are tried.

    Returns
    -------
    tuple[Recogniser, ...]
        One for each of :data:`~answerable.privacy.entities.COMMON_ENTITIES`.

    Examples
    --------
    >>> from answerable.privacy.entities import COMMON_ENTITIES
    >>> tuple(one.entity for one in common_recognisers()) == COMMON_ENTITIES
    True
    """
    return (
        email,
        IbanRecogniser(),
        CardRecogniser(),
        uuid,
        mac_address,
        url,
        ip_address,
        social_security,
        DateRecogniser(),
        PhoneRecogniser(),
    )
