SELECT id, order_id, user_id, method, channel, state, price, currency, decimals, due, due_asset, due_decimals,
    due_network, description, return_url, metadata, received, pending, refund_reserved, refunded, refunded_outside,
    withdrawn, exceptions, failure_reason, request_id, created_at, updated_at, expires_at, settled_at, version, sequence,
    tolerance, quote
FROM payments WHERE id = :id
