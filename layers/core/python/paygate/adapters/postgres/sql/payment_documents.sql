-- Payments as callers see them. The action is encrypted and joins the document outside.
WITH chosen AS (
    /*chosen*/
)
SELECT p.id, json_build_object(
        'paymentId', p.id, 'orderId', p.order_id, 'userId', p.user_id, 'method', p.method, 'channel', p.channel,
        'state', p.state, 'amount', decimal_text(p.price, p.decimals), 'currency', p.currency,
        'due', CASE WHEN p.due_asset <> p.currency THEN json_build_object(
            'amount', decimal_text(p.due, p.due_decimals), 'asset', p.due_asset, 'network', p.due_network) END,
        'amountReceived', decimal_text(p.received, p.due_decimals),
        'amountPending', decimal_text(p.pending, p.due_decimals),
        'amountRefunded', decimal_text(p.refunded + p.refunded_outside, p.due_decimals),
        'exceptions', p.exceptions, 'checkoutUrl', NULL, 'description', p.description,
        'returnUrl', p.return_url, 'metadata', p.metadata, 'failureReason', p.failure_reason,
        'createdAt', iso(p.created_at), 'updatedAt', iso(p.updated_at), 'expiresAt', iso(p.expires_at),
        'settledAt', iso(p.settled_at),
        'refunds', COALESCE((
            SELECT json_agg(json_build_object('refundId', r.id, 'paymentId', r.payment_id,
                'amount', decimal_text(r.amount, p.due_decimals), 'currency', p.due_asset, 'state', r.state,
                'origin', r.origin, 'reason', r.reason, 'failureReason', r.failure_reason,
                'createdAt', iso(r.created_at), 'updatedAt', iso(r.updated_at)) ORDER BY r.id)
            FROM refunds r WHERE r.payment_id = p.id), '[]'),
        'timeline', (
            SELECT json_agg(json_build_object('state', t.to_state, 'reason', t.reason, 'at', iso(t.at))
                ORDER BY t.version)
            FROM timeline t WHERE t.payment_id = p.id)
    )::text,
    CASE WHEN p.state IN ('CREATED', 'PENDING') THEN (
        SELECT a.action_sealed FROM attempts a WHERE a.payment_id = p.id ORDER BY a.number DESC LIMIT 1) END
FROM chosen JOIN payments p ON p.id = chosen.id
ORDER BY p.id DESC
