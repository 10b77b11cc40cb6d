SELECT json_build_object('refundId', r.id, 'paymentId', r.payment_id,
    'amount', decimal_text(r.amount, p.due_decimals), 'currency', p.due_asset, 'state', r.state,
    'origin', r.origin, 'address', r.address,
    'txId', CASE WHEN p.due_network IS NOT NULL THEN r.rail_id END,
    'reason', r.reason, 'failureReason', r.failure_reason,
    'createdAt', iso(r.created_at), 'updatedAt', iso(r.updated_at))::text
FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.id = :id
