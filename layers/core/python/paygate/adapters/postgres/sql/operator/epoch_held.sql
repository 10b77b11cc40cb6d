SELECT r.id, r.payment_id, p.due_network, decimal_text(r.amount, p.due_decimals) || ' ' || p.due_asset, r.address
FROM held_refunds h JOIN refunds r ON r.id = h.refund_id JOIN payments p ON p.id = r.payment_id
WHERE h.epoch = :epoch AND h.released_at IS NULL ORDER BY r.id
