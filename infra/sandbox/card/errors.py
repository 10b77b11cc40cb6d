"""Stripe's errors: docs.stripe.com/api/errors and docs.stripe.com/error-codes.

Types, codes and statuses are from there. Sentences are like the original's, and nothing should depend on them.
"""

from typing import Any

Json = dict[str, Any]
INVALID_REQUEST = "invalid_request_error"


class StripeError(Exception):
    """An answer other than 200: HTTP status and the fields of `error`."""

    def __init__(self, status: int, message: str, *, kind: str = INVALID_REQUEST, **fields: Any) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.fields = {**fields, "type": kind}

    @property
    def code(self) -> str:
        return str(self.fields.get("code") or self.fields["type"])

    def body(self, request_id: str) -> Json:
        fields = {name: value for name, value in self.fields.items() if value is not None}
        if "code" in fields:
            fields["doc_url"] = f"https://stripe.com/docs/error-codes/{fields['code'].replace('_', '-')}"
        log = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": dict(sorted({**fields, "message": self.message, "request_log_url": log}.items()))}


class ParameterError(StripeError):
    """The request was refused before anything was tried, so its Idempotency-Key stays free."""


def invalid(param: str, message: str, code: str | None = None) -> ParameterError:
    return ParameterError(400, message, code=code, param=param)


def missing(param: str) -> ParameterError:
    return invalid(param, f"Missing required param: {param}.", "parameter_missing")


def unknown(names: list[str]) -> ParameterError:
    plural = "s" if len(names) > 1 else ""
    return invalid(names[0], f"Received unknown parameter{plural}: {', '.join(names)}", "parameter_unknown")


def not_simulated(param: str) -> ParameterError:
    return invalid(param, f"The sandbox does not simulate the parameter {param}.")


def refused(code: str | None, message: str, **fields: Any) -> StripeError:
    return StripeError(400, message, code=code, **fields)


def no_such(kind: str, object_id: str, param: str = "id") -> StripeError:
    """404 for the object that the address names, 400 for one that a parameter names."""
    status = 404 if param in ("id", "intent") else 400
    return StripeError(status, f"No such {kind}: '{object_id}'", code="resource_missing", param=param)


def no_such_address(verb: str, path: str) -> StripeError:
    return StripeError(
        404,
        f"Unrecognized request URL ({verb}: {path}). Please see https://stripe.com/docs or we can help at"
        " https://support.stripe.com/.",
    )


def unauthorized(message: str, code: str | None = None) -> StripeError:
    return StripeError(401, message, code=code)


def card_error(message: str, **fields: Any) -> StripeError:
    return StripeError(402, message, kind="card_error", **fields)


def other_parameters(key: str) -> StripeError:
    return StripeError(
        400,
        "Keys for idempotent requests can only be used with the same parameters they were first used with."
        f" Try using a key other than '{key}' if you meant to execute a different request.",
        kind="idempotency_error",
    )


def other_endpoint(key: str, endpoint: str, first: str) -> StripeError:
    return StripeError(
        400,
        f"Keys for idempotent requests can only be used for the same endpoint they were first used for"
        f" ('{endpoint}' vs '{first}'). Try using a key other than '{key}' if you meant to execute a different"
        " request.",
        kind="idempotency_error",
    )


def key_in_use(key: str) -> StripeError:
    """The type of this one is from clients' reports, not from the error reference."""
    return StripeError(
        409,
        "There is currently another in-progress request using this Idempotent Key (that probably means you"
        f" submitted twice, and the other request is still going through): {key}. Please try again later.",
        kind="idempotency_error",
        code="idempotency_key_in_use",
    )


def lock_timeout() -> StripeError:
    return StripeError(
        429,
        "This object cannot be accessed right now because another API request or Stripe process is currently"
        " accessing it. If you see this error intermittently, retry the request.",
        code="lock_timeout",
    )


def rate_limited() -> StripeError:
    return StripeError(429, "Too many requests hit the API too quickly.", code="rate_limit")


def api_error() -> StripeError:
    return StripeError(
        500,
        "Sorry! There was an error while talking to the server. Our team has been notified.",
        kind="api_error",
    )
