-- Payments as callers see them. The action is encrypted and joins the document outside.
WITH chosen AS (
    /*chosen*/
)
SELECT p.id, json_build_object(
        'paymentId', p.id, 'orderId', p.order_id, 'userId', p.user_id, 'method', p.method, 'channel', p.channel,
        'state', p.state, 'amount', (p.price * unit.price)::text, 'currency', p.currency,
        'due', CASE WHEN p.due_asset <> p.currency THEN json_build_object(
            'amount', (p.due * unit.due)::text, 'asset', p.due_asset, 'network', p.due_network) END,
        'quote', p.quote,
        'amountReceived', (p.received * unit.due)::text,
        'amountPending', (p.pending * unit.due)::text,
        'amountRefunded', ((p.refunded + p.refunded_outside) * unit.due)::text,
        'amountWithdrawn', (p.withdrawn * unit.due)::text,
        'chain', CASE WHEN p.due_network IS NOT NULL THEN (
            SELECT json_build_object('network', d.network,
                'confirmations', (
                    SELECT min(greatest(c.height - t.block_height + 1, 0)) FROM (
                        SELECT coalesce(block_height, c.height + 1) AS block_height FROM transfers
                        WHERE payment_id = p.id AND status = 'PENDING') t),
                'confirmationsRequired', d.confirmations,
                'txIds', (
                    SELECT coalesce(json_agg(DISTINCT t.tx_id), '[]') FROM transfers t
                    WHERE t.payment_id = p.id AND t.role = 'PAYMENT' AND t.status IN ('PENDING', 'FINAL')))
            FROM addresses d LEFT JOIN chain_cursors c ON c.network = d.network WHERE d.payment_id = p.id) END,
        'exceptions', p.exceptions, 'checkoutUrl', NULL, 'description', p.description,
        'returnUrl', p.return_url, 'metadata', p.metadata, 'failureReason', p.failure_reason,
        'createdAt', iso(p.created_at), 'updatedAt', iso(p.updated_at), 'expiresAt', iso(p.expires_at),
        'settledAt', iso(p.settled_at),
        'refunds', COALESCE((
            SELECT json_agg(json_build_object('refundId', r.id, 'paymentId', r.payment_id,
                'amount', (r.amount * unit.due)::text, 'currency', p.due_asset, 'state', r.state,
                'origin', r.origin, 'address', r.address,
                'txId', CASE WHEN p.due_network IS NOT NULL THEN r.rail_id END,
                'reason', r.reason, 'failureReason', r.failure_reason,
                'createdAt', iso(r.created_at), 'updatedAt', iso(r.updated_at)) ORDER BY r.id)
            FROM refunds r WHERE r.payment_id = p.id), '[]'),
        'timeline', (
            SELECT json_agg(json_build_object('state', t.to_state, 'reason', t.reason, 'detail', t.detail,
                'at', iso(t.at)) ORDER BY t.version)
            FROM timeline t WHERE t.payment_id = p.id)
    )::text,
    -- Who paid a part must still be told where the rest goes.
    CASE WHEN p.state IN ('CREATED', 'PENDING') OR p.state = 'CONFIRMING' AND p.received > 0 THEN (
        SELECT a.action_sealed FROM attempts a WHERE a.payment_id = p.id ORDER BY a.number DESC LIMIT 1) END
FROM chosen
JOIN payments p ON p.id = chosen.id
-- As decimal_text does it, but worked out once a row: OFFSET 0 keeps the planner from copying it everywhere.
CROSS JOIN LATERAL (
    SELECT ('1e-' || p.decimals)::numeric AS price, ('1e-' || p.due_decimals)::numeric AS due OFFSET 0) unit
ORDER BY p.id DESC
