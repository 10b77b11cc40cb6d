SELECT r.id, r.payment_id, r.amount, r.state, r.reference, r.origin, r.reason, r.rail_id, r.failure_reason,
    r.request_id, r.created_at, r.updated_at, p.due_asset, p.due_decimals, p.due_network, r.address,
    r.requested_by
FROM refunds r JOIN payments p ON p.id = r.payment_id
WHERE r.payment_id = :payment_id AND r.reference = :reference
