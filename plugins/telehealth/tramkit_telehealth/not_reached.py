"""Why a desk was not reached, in words for who can mend it."""

from __future__ import annotations

import aiohttp


def reason_of(error: BaseException) -> str:
    """Return why a connection did not come about, in words for who can mend it."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            why = getattr(error.certificate_error, "verify_message", "") or "invalid"
            return f"its certificate is not believed: {why}"
        case aiohttp.ClientConnectorSSLError():
            return "TLS failed: is it https on that port?"
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known (DNS)"
        case aiohttp.ClientConnectorError():
            return error.os_error.strerror or type(error.os_error).__name__
        case TimeoutError():
            return "no answer in time"
        case OSError():
            return error.strerror or type(error).__name__
        case _:
            return type(error).__name__
