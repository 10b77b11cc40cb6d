-- Newest first. `matched`: all, those with a payment, those without.
SELECT t.id, json_build_object('transferId', t.id, 'rail', t.rail, 'role', t.role, 'status', t.status,
    'amount', decimal_text(t.units, t.decimals), 'currency', t.asset, 'network', t.network,
    'paymentId', t.payment_id, 'refundId', t.refund_id, 'reference', t.reference, 'suspectOf', t.suspect_of,
    'statementId', t.statement_id, 'detail', t.detail, 'happenedAt', iso(t.happened_at),
    'createdAt', iso(t.created_at), 'assignedBy', t.assigned_by, 'assignedAt', iso(t.assigned_at))::text
FROM transfers t
WHERE t.id < :before AND t.id >= :since /*chosen*/
ORDER BY t.id DESC LIMIT :limit
