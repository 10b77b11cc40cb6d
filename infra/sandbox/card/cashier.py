"""What the payer sees: hosted fields with test cards, the bank's page for 3-D Secure, and how it ended."""

from flask import Blueprint, redirect, render_template
from flask import request as http
from werkzeug import Response

from infra.sandbox.card import cards, intents, money, payer
from infra.sandbox.card.books import loads
from infra.sandbox.card.context import Processor
from infra.sandbox.card.errors import StripeError
from infra.sandbox.ledger import Row

Page = str | Response | tuple[str, int]


def add_routes(blueprint: Blueprint, processor: Processor) -> None:
    blueprint.register_error_handler(StripeError, lambda error: (_error_page(error), error.status))

    @blueprint.get("/card/cashier/<client_secret>")
    def show(client_secret: str) -> Page:
        return _page("cashier", payer.find(processor, client_secret))

    @blueprint.post("/card/cashier/<client_secret>")
    def decide(client_secret: str) -> Page:
        intent = payer.find(processor, client_secret)
        return_url = http.args.get("return_url")
        step = http.form.get("step", "pay")
        if step in ("settle", "fail"):
            payer.settle(processor, intent, is_paid=step == "settle")
        else:
            method = http.form.get("payment_method", payer.GOOD_CARD)
            intent = payer.confirm(processor, intent, method, return_url)
        return _next(processor, intent, client_secret, return_url)

    @blueprint.get("/card/3ds/<client_secret>")
    def challenge(client_secret: str) -> Page:
        return _page("challenge", payer.find(processor, client_secret))

    @blueprint.post("/card/3ds/<client_secret>")
    def answer(client_secret: str) -> Page:
        intent = payer.find(processor, client_secret)
        action = loads(intent["next_action"]) or {}
        intent = payer.authenticate(processor, intent, is_passed=http.form.get("step") == "pass")
        return_url = action.get("redirect_to_url", {}).get("return_url")
        return redirect(_back(intent, return_url) if return_url else f"/card/cashier/{client_secret}", 303)


def _next(processor: Processor, intent: Row, client_secret: str, return_url: str | None) -> Response:
    if intent["status"] == "requires_action":
        return redirect(f"{processor.public_url}/card/3ds/{client_secret}", 303)
    if return_url and intent["status"] in ("succeeded", "requires_capture", "processing"):
        return redirect(_back(intent, return_url), 303)
    return redirect(http.full_path.rstrip("?"), 303)


def _back(intent: Row, return_url: str) -> str:
    """Parameters of the return: docs.stripe.com/payments ("Handle post-payment events")."""
    succeeded = "succeeded" if intent["status"] in ("succeeded", "requires_capture") else "failed"
    status = "pending" if intent["status"] == "processing" else succeeded
    joint = "&" if "?" in return_url else "?"
    named = f"payment_intent={intent['id']}&payment_intent_client_secret={intent['client_secret']}"
    return f"{return_url}{joint}{named}&redirect_status={status}"


def _page(name: str, intent: Row) -> str:
    return render_template(
        f"card/{name}.html",
        intent=intent,
        amount=money.shown(intent["amount"], intent["currency"]).upper(),
        error=loads(intent["last_error"]),
        description=loads(intent["facts"]).get("description"),
        cards=cards.CARDS,
        is_open=intent["status"] in intents.CONFIRMABLE,
    )


def _error_page(error: StripeError) -> str:
    return render_template("card/error.html", error=error)
