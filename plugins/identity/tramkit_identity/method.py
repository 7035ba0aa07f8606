"""VNeID as a way to sign in: a code on the station's screen, approved on the resident's own phone (RFC 8628)."""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta
from typing import Any

from tramkit import Clock, Data, IdentityMethod, Level, Messages, NotSignedInError, Person, SignIn
from tramkit_identity.claims import LevelTooLowError, Names, UnusableClaimsError, person
from tramkit_identity.id_token import ClockError, TokenNotBelievedError, UnknownKeyError, verify
from tramkit_identity.provider import Provider, ProviderError

_ = Messages("tramkit_identity")
_log = logging.getLogger(__name__)

SLOWER_SECONDS = 5.0
"""What ``slow_down`` adds to the interval for good (RFC 8628, section 3.5)."""
ROTATION_SECONDS = 2.0
"""After so long the provider's keys are asked for once more where the token's is not among them."""
MAX_TROUBLES = 3
"""So many polls in a row may come to nothing, each twice as late as the one before, until the resident is told."""

DOWN = _("VNeID does not answer at the moment. Please try again later or take another way.")
REFUSED = _("The request was refused on the phone. This station has received nothing about you.")
EXPIRED = _("The code was not used in time. Please try again and take a new one.")
LOST = _("Your approval did not arrive at this station. Please try again and approve once more.")
TOO_LOW = _("This VNeID account is of level 1; level 2 is needed here. The police raise it, with your identity card.")
DOUBTFUL = _("What VNeID answered could not be checked, so it was not used. Please try again or ask staff.")


class _Begun(Data):
    """What a sign-in under way is known by; it travels in its handle, for the method keeps nothing of a resident."""

    device_code: str
    token_endpoint: str
    jwks_uri: str
    nonce: str
    interval: float
    begun: datetime
    until: datetime


class VNeId(IdentityMethod):
    """Signs in with a VNeID account of level 2.

    :param names: of the claims.
    """

    id = "identity.vneid"
    title = _("Sign in with VNeID")
    hint = _("With the VNeID app on your phone")
    level = Level.VNEID

    def __init__(self, provider: Provider, names: Names, clock: Clock) -> None:
        self._provider = provider
        self._names = names
        self._clock = clock

    async def begin(self) -> SignIn:
        """Ask the provider for a code."""
        nonce, begun = secrets.token_urlsafe(24), self._clock.now()
        try:
            endpoints = await self._provider.discover()
            told = await self._provider.begin(endpoints, self._names.scope, nonce)
        except ProviderError as trouble:
            _log.warning("nobody can sign in", extra={"why": str(trouble)})
            raise NotSignedInError(DOWN) from None
        kept = _Begun(
            device_code=told.device_code,
            token_endpoint=endpoints.token_endpoint,
            jwks_uri=endpoints.jwks_uri,
            nonce=nonce,
            interval=told.interval,
            begun=begun,
            until=begun + timedelta(seconds=told.expires_in),
        )
        return SignIn(
            code=told.verification_uri_complete or told.verification_uri,
            address=told.verification_uri,
            spoken=told.user_code,
            seconds=told.expires_in,
            handle=kept.model_dump_json(),
        )

    async def wait(self, sign_in: SignIn) -> Person:
        """Poll until the resident has approved, check the ID token, and return who it tells of."""
        begun = _Begun.model_validate_json(sign_in.handle)
        token = await self._token(begun)
        try:
            return person(await self._claims(token, begun), self._names)
        except ProviderError as trouble:
            _log.warning("nobody can sign in", extra={"why": str(trouble)})
            raise NotSignedInError(DOWN) from None
        except LevelTooLowError:
            raise NotSignedInError(TOO_LOW) from None
        except ClockError as apart:
            _log.error(
                "ID token not believed: the clocks are apart",
                extra={"why": str(apart), "provider_ahead_s": self._ahead()},
            )
            raise NotSignedInError(DOUBTFUL) from None
        except (TokenNotBelievedError, UnusableClaimsError) as doubt:
            _log.error("ID token not believed", extra={"why": f"{type(doubt).__name__}: {doubt}"})
            raise NotSignedInError(DOUBTFUL) from None

    def _ahead(self) -> int | None:
        """Return how many seconds the provider's clock is ahead of the station's, by its last answer."""
        date = self._provider.date
        return None if date is None else round((date - self._clock.now()).total_seconds())

    async def _claims(self, token: str, begun: _Begun) -> dict[str, Any]:
        """Check the token by the provider's keys; one that it has begun to use a moment ago is asked for once more.

        :raises TokenNotBelievedError: it is not this provider's, or not for this sign-in.
        :raises ProviderError: the keys cannot be had.
        """
        for again in (True, False):
            keys = await self._provider.keys(begun.jwks_uri)
            try:
                return verify(
                    token,
                    keys,
                    issuer=self._provider.issuer,
                    client=self._provider.client,
                    nonce=begun.nonce,
                    begun=begun.begun,
                    now=self._clock.now(),
                )
            except UnknownKeyError:
                if not again:
                    raise
                await self._clock.sleep(ROTATION_SECONDS)
        raise AssertionError

    async def _token(self, begun: _Begun) -> str:
        """Poll by the provider's interval until there is an ID token (RFC 8628, section 3.5)."""
        interval, troubles, lost = begun.interval, 0, False
        while True:
            await self._clock.sleep(interval * 2**troubles)
            if self._clock.now() >= begun.until:
                raise NotSignedInError(EXPIRED)
            try:
                answer = await self._provider.poll(begun.token_endpoint, begun.device_code)
            except ProviderError as trouble:
                troubles, lost = troubles + 1, True
                if troubles < MAX_TROUBLES:
                    continue
                _log.warning("nobody can sign in", extra={"why": str(trouble)})
                raise NotSignedInError(DOWN) from None
            troubles = 0
            match answer.error:
                case "":
                    return answer.id_token
                case "authorization_pending":
                    continue
                case "slow_down":
                    interval += SLOWER_SECONDS
                case "access_denied":
                    raise NotSignedInError(REFUSED)
                case "invalid_grant" if lost:  # used already: its token was in the answer that did not arrive
                    raise NotSignedInError(LOST)
                case "expired_token" | "invalid_grant":
                    raise NotSignedInError(EXPIRED)
                case _:
                    _log.error("the provider refuses this station", extra={"error": answer.error[:60]})
                    raise NotSignedInError(DOWN)
