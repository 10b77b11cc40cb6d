"""The API's objects as JSON: docs.stripe.com/api, version 2026-10-28.endive.

Fields that belong to products the sandbox does not have (Connect, Radar, customers …) are there and empty.
"""

from infra.sandbox.card import cards
from infra.sandbox.card.books import Json, get, loads
from infra.sandbox.ledger import Db, Row

BROWSERS_LACK = ("amount_capturable", "amount_received", "customer", "latest_charge", "metadata", "application")


def intent(_db: Db, row: Row) -> Json:
    facts = loads(row["facts"])
    method = row["payment_method"]
    return {
        "id": row["id"],
        "object": "payment_intent",
        **{name: row[name] for name in ("amount", "amount_capturable")},
        "amount_details": {"tip": {}},
        "amount_received": row["amount_received"],
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": facts.get("automatic_payment_methods"),
        **{name: row[name] for name in ("canceled_at", "cancellation_reason", "capture_method", "client_secret")},
        "confirmation_method": "automatic",
        "created": row["created"],
        "currency": row["currency"],
        "customer": None,
        "description": facts.get("description"),
        "excluded_payment_method_types": None,
        "last_payment_error": loads(row["last_error"]),
        "latest_charge": row["latest_charge"],
        "livemode": False,
        "metadata": loads(row["metadata"]),
        "next_action": loads(row["next_action"]),
        "on_behalf_of": None,
        "payment_method": method,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "processing": {"card": {}, "type": "card"} if row["status"] == "processing" else None,
        "receipt_email": facts.get("receipt_email"),
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": facts.get("statement_descriptor_suffix"),
        "status": row["status"],
        "transfer_data": None,
        "transfer_group": None,
    }


def for_browsers(shown: Json) -> Json:
    """With a publishable key and the client secret one sees less of an intent ("Retrieve a PaymentIntent")."""
    return {name: value for name, value in shown.items() if name not in BROWSERS_LACK}


def payment_method(_db: Db, row: Row) -> Json:
    return {
        "id": row["id"],
        "object": "payment_method",
        "billing_details": _billing(),
        "card": {
            **_card(row),
            "checks": _checks(),
            "networks": {"available": [_card(row)["brand"]], "preferred": None},
        },
        "created": row["created"],
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def charge(db: Db, row: Row) -> Json:
    failure = loads(row["failure"]) or {}
    found = get(db, "intents", row["intent_id"])
    return {
        "id": row["id"],
        "object": "charge",
        **{name: row[name] for name in ("amount", "amount_captured")},
        "amount_refunded": row["refunded"],
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": row["balance_transaction"],
        "billing_details": _billing(),
        "calculated_statement_descriptor": "PAYGATE SANDBOX",
        "captured": bool(row["captured"]),
        "created": row["created"],
        "currency": row["currency"],
        "customer": None,
        "description": loads(found["facts"]).get("description"),
        "disputed": bool(row["disputed"]),
        "failure_balance_transaction": None,
        "failure_code": failure.get("code"),
        "failure_message": failure.get("message"),
        "fraud_details": {},
        "livemode": False,
        "metadata": loads(found["metadata"]),
        "on_behalf_of": None,
        "outcome": _outcome(row, failure),
        "paid": row["status"] == "succeeded",
        "payment_intent": row["intent_id"],
        "payment_method": row["payment_method"],
        "payment_method_details": _method_details(db, row),
        "receipt_email": loads(found["facts"]).get("receipt_email"),
        "receipt_number": None,
        "receipt_url": None,
        "refunded": 0 < row["refunded"] == row["amount_captured"],
        "review": None,
        "shipping": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": row["status"],
        "transfer_data": None,
        "transfer_group": None,
    }


def refund(db: Db, row: Row) -> Json:
    paid = get(db, "charges", row["charge_id"])
    shown = {
        "id": row["id"],
        "object": "refund",
        "amount": row["amount"],
        "balance_transaction": row["balance_transaction"],
        "charge": row["charge_id"],
        "created": row["created"],
        "currency": paid["currency"],
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": loads(row["metadata"]),
        "payment_intent": paid["intent_id"],
        "reason": row["reason"],
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": row["status"],
        "transfer_reversal": None,
    }
    if row["failure_reason"]:
        failed = {name: row[name] for name in ("failure_balance_transaction", "failure_reason")}
        shown = shown | failed
    return shown


def dispute(db: Db, row: Row) -> Json:
    paid = get(db, "charges", row["charge_id"])
    sql = "SELECT * FROM balance_transactions WHERE source = ? ORDER BY seq"
    moves = [balance_transaction(db, move) for move in db.execute(sql, (row["id"],)).fetchall()]
    return {
        "id": row["id"],
        "object": "dispute",
        "amount": row["amount"],
        "balance_transactions": moves,
        "charge": row["charge_id"],
        "created": row["created"],
        "currency": paid["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": row["created"] + 10 * 86400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": row["status"].startswith("warning_"),
        "livemode": False,
        "metadata": {},
        "network_reason_code": "10",
        "payment_intent": paid["intent_id"],
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": _case_type(row), "network_reason_code": "10"},
            "type": "card",
        },
        "reason": row["reason"],
        "status": row["status"],
    }


def balance_transaction(_db: Db, row: Row) -> Json:
    fees = [
        {
            "amount": row["fee"],
            "application": None,
            "currency": row["currency"],
            "description": "Processing fees",
            "type": "stripe_fee",
        }
    ]
    return {
        "id": row["id"],
        "object": "balance_transaction",
        "amount": row["amount"],
        "available_on": row["created"] + 2 * 86400,
        "balance_type": "payments",
        "created": row["created"],
        "currency": row["currency"],
        "description": row["description"],
        "exchange_rate": None,
        "fee": row["fee"],
        "fee_details": fees if row["fee"] else [],
        "net": row["amount"] - row["fee"],
        "reporting_category": row["category"],
        "source": row["source"],
        "status": "pending",
        "type": row["type"],
    }


def event(_db: Db, row: Row) -> Json:
    found: Json = loads(row["body"])
    return found


def _card(row: Row) -> Json:
    card = cards.CARDS[row["card"]]
    return {
        "brand": card.brand,
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"sandbox{card.last4}",
        "funding": "credit",
        "last4": card.last4,
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _method_details(db: Db, row: Row) -> Json:
    card = _card(get(db, "payment_methods", row["payment_method"]))
    del card["display_brand"], card["three_d_secure_usage"]
    passed = {"authentication_flow": "challenge", "result": "authenticated", "version": "2.2.0"}
    more = {
        "amount_authorized": row["amount"] if row["status"] == "succeeded" else None,
        "checks": _checks(),
        "network": card["brand"],
        "three_d_secure": passed if row["is_authenticated"] else None,
    }
    return {"card": {**card, **more}, "type": "card"}


def _outcome(row: Row, failure: Json) -> Json:
    if failure:
        return {
            "network_status": "declined_by_network",
            "reason": failure.get("decline_code"),
            "risk_level": "normal",
            "seller_message": "The bank did not return any further details with this decline.",
            "type": "issuer_declined",
        }
    network = "approved_by_network" if row["status"] == "succeeded" else "not_sent_to_network"
    message = "Payment complete."
    return {
        "network_status": network,
        "reason": None,
        "risk_level": "normal",
        "seller_message": message,
        "type": "authorized",
    }


def _case_type(row: Row) -> str:
    return "inquiry" if row["status"].startswith("warning_") else "chargeback"


def _checks() -> Json:
    return {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}


def _billing() -> Json:
    parts = ("city", "country", "line1", "line2", "postal_code", "state")
    return {"address": dict.fromkeys(parts), "email": None, "name": None, "phone": None, "tax_id": None}
