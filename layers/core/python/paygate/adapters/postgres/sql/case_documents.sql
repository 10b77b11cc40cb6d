-- Newest first. What can be refunded is what can be refunded now.
SELECT c.id, json_build_object('caseId', c.id, 'kind', c.kind, 'rail', c.rail, 'paymentId', c.payment_id,
    'refundable', CASE WHEN p.id IS NOT NULL THEN json_build_object('amount', decimal_text(
        greatest(p.received - p.refunded - p.refunded_outside - p.refund_reserved, 0), p.due_decimals),
        'currency', p.due_asset) END,
    'detail', c.detail, 'openedAt', iso(c.opened_at), 'closedAt', iso(c.closed_at), 'closedBy', c.closed_by)::text
FROM operator_cases c LEFT JOIN payments p ON p.id = c.payment_id
WHERE /*chosen*/
ORDER BY c.id DESC LIMIT :limit
