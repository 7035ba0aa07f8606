"""The calls of an interface as JSON: arguments, results and errors to data and back, by the types it declares."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from tramkit.host.ending import VisitIsOverError
from tramkit.host.gateway_error import GatewayError
from tramkit.host.person import NotIdentifiedError
from tramkit.host.sign_in import NotSignedInError
from tramkit_hal import TramkitError
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.words import Text


class BadCallError(TramkitError):
    """A call, an answer or an argument that is not what the interface says."""


class RefusedCallError(TramkitError, RuntimeError):
    """The other side does not do what was asked; the message says why, without personal data."""


class OtherSideError(TramkitError):
    """The other side failed at a call; its own log says how."""


class Calls:
    """The asynchronous methods of a protocol, by name.

    :param protocol: whose annotations say what crosses.
    """

    def __init__(self, protocol: type) -> None:
        self._parameters: dict[str, dict[str, TypeAdapter[Any]]] = {}
        self._results: dict[str, TypeAdapter[Any]] = {}
        self._signatures: dict[str, inspect.Signature] = {}
        for name, method in inspect.getmembers(protocol, inspect.iscoroutinefunction):
            hints = get_type_hints(method)
            self._results[name] = TypeAdapter(hints.pop("return"))
            self._parameters[name] = {each: TypeAdapter(hint) for each, hint in hints.items()}
            signature = inspect.signature(method)
            self._signatures[name] = signature.replace(parameters=list(signature.parameters.values())[1:])

    def __contains__(self, name: str) -> bool:
        return name in self._results

    def arguments(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call as JSON values, by name."""
        bound = self._signatures[name].bind(*args, **kwargs)
        bound.apply_defaults()
        adapters = self._parameters[name]
        return {each: adapters[each].dump_python(value, mode="json") for each, value in bound.arguments.items()}

    def read_arguments(self, name: str, told: Any) -> dict[str, Any]:
        """Return the arguments that were told.

        :raises BadCallError: there is no such call, or they are not of its types.
        """
        adapters = self._parameters.get(name)
        if adapters is None or not isinstance(told, dict) or set(told) != set(adapters):  # pyright: ignore[reportUnknownArgumentType]
            raise BadCallError(f'no call "{name[:40]}" with these arguments')
        try:
            return {each: adapters[each].validate_python(value) for each, value in told.items()}  # pyright: ignore[reportUnknownVariableType]
        except ValidationError as error:
            raise BadCallError(f"{name}: {error.error_count()} arguments are of a wrong type") from None
        except RecursionError:
            raise BadCallError(f"{name}: arguments that are too deep") from None

    def result(self, name: str, value: Any) -> Any:
        """Return a result as JSON value."""
        return self._results[name].dump_python(value, mode="json")

    def read_result(self, name: str, told: Any) -> Any:
        """Return the result that was told.

        :raises BadCallError: it is not of the call's type.
        """
        try:
            return self._results[name].validate_python(told)
        except ValidationError as error:
            raise BadCallError(f"{name}: the answer has {error.error_count()} faults") from None
        except RecursionError:
            raise BadCallError(f"{name}: an answer that is too deep") from None


def error_as_data(error: BaseException) -> dict[str, Any]:
    """Return an error as JSON values; of one that the interface does not know, only that there was one."""
    match error:
        case DeviceError():
            return {"kind": "device", "trouble": error.trouble.value, "detail": error.detail}
        case NotIdentifiedError():
            return {"kind": "not_identified", "reason": error.reason.model_dump(mode="json")}
        case NotSignedInError():
            return {"kind": "not_signed_in", "reason": error.reason.model_dump(mode="json")}
        case VisitIsOverError():
            return {"kind": "over"}
        case GatewayError() | OSError() | TimeoutError():
            return {"kind": "gateway", "said": str(error)[:300]}
        case RuntimeError() | ValueError():
            return {"kind": "refused", "said": str(error)[:300]}
        case _:
            return {"kind": "failed", "said": type(error).__name__}


def error_of(told: Mapping[str, Any]) -> Exception:
    """Return the error that was told; whatever the other side says, it is one."""
    try:
        return _error_of(told)
    except (ValidationError, TypeError, RecursionError):
        return OtherSideError("its error cannot be read")


def _error_of(told: Mapping[str, Any]) -> Exception:
    match told:
        case {"kind": "device", "trouble": str(trouble), "detail": detail} if trouble in set(Trouble):
            return DeviceError(Trouble(trouble), str(detail)[:300])
        case {"kind": "not_identified", "reason": reason}:
            return NotIdentifiedError(Text.model_validate(reason))
        case {"kind": "not_signed_in", "reason": reason}:
            return NotSignedInError(Text.model_validate(reason))
        case {"kind": "over"}:
            return VisitIsOverError()
        case {"kind": "gateway", "said": said}:
            return GatewayError(str(said)[:300])
        case {"kind": "refused", "said": said}:
            return RefusedCallError(str(said)[:300])
        case _:
            return OtherSideError(str(told.get("said", ""))[:80])
