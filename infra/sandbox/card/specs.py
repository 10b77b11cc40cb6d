"""What each endpoint takes: docs.stripe.com/api. `known` are parameters that only the original simulates."""

from typing import Any

from infra.sandbox.card.errors import ParameterError
from infra.sandbox.card.money import currency
from infra.sandbox.card.params import (
    PAGE,
    Spec,
    at_most,
    boolean,
    integer,
    known,
    metadata,
    one_of,
    only,
    positive,
    text,
    texts,
)


def raw_card(name: str, _value: Any) -> Any:
    """Never taken, whoever sends it, and not repeated in the answer."""
    raise ParameterError(
        402,
        "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens"
        " that map to the test card you are using, see https://stripe.com/docs/testing.",
        param=name,
    )


EXPAND: Spec = {"expand": texts}
METHOD: Spec = {
    "payment_method": text,
    "payment_method_data": {
        "type": only("card"),
        "card": {"token": text, **dict.fromkeys(("number", "cvc", "exp_month", "exp_year"), raw_card)},
    },
    "return_url": text,
    "use_stripe_sdk": boolean,
}
CONFIRM: Spec = {
    **METHOD,
    **EXPAND,
    "client_secret": text,
    **known(
        "amount_details", "amount_to_confirm", "capture_method", "confirmation_token", "error_on_requires_action"
    ),
    **known("excluded_payment_method_types", "mandate", "mandate_data", "off_session", "payment_method_options"),
    **known("receipt_email", "setup_future_usage", "shipping", "payment_method_types", "hooks", "radar_options"),
}
DESCRIBED: Spec = {
    "description": at_most(1000),
    "metadata": metadata,
    "receipt_email": at_most(512),
    "statement_descriptor_suffix": at_most(22),
}
CONNECT = known("application_fee_amount", "on_behalf_of", "transfer_data", "transfer_group")
CREATE: Spec = {
    **METHOD,
    **EXPAND,
    **DESCRIBED,
    **CONNECT,
    "amount": integer,
    "currency": currency,
    "automatic_payment_methods": {"enabled": boolean, "allow_redirects": one_of("always", "never")},
    "capture_method": one_of("automatic", "automatic_async", "manual"),
    "confirm": boolean,
    "confirmation_method": only("automatic"),
    "payment_method_types": texts,
    **known("allowed_payment_method_types", "amount_details", "confirmation_token", "customer", "customer_account"),
    **known("error_on_requires_action", "excluded_payment_method_types", "hooks", "mandate", "mandate_data"),
    **known("off_session", "payment_details", "payment_method_configuration", "payment_method_options"),
    **known("radar_options", "setup_future_usage", "shipping", "statement_descriptor"),
}
MODIFY: Spec = {
    **DESCRIBED,
    **EXPAND,
    **CONNECT,
    "amount": integer,
    "currency": currency,
    **known("customer", "shipping"),
}
REASONS = ("duplicate", "fraudulent", "requested_by_customer")
CANCEL_REASONS = (*REASONS, "abandoned")
REFUND: Spec = {
    "amount": positive,
    "charge": text,
    "payment_intent": text,
    "metadata": metadata,
    "reason": one_of(*REASONS),
    **EXPAND,
    **known("currency", "customer", "instructions_email", "origin", "refund_application_fee", "reverse_transfer"),
}
OF_PAYMENT: Spec = {**PAGE, "charge": text, "payment_intent": text}
