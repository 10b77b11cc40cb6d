-- By our number and by the rail's: two rows mean that a trade of one order was named for another.
SELECT a.payment_id, a.number, a.rail, a.reference, a.status, a.rail_expires_at, a.created_at, a.next_query_at,
    a.queries, a.rail_id, a.action_sealed,
    p.id, p.order_id, p.user_id, p.method, p.channel, p.state, p.price, p.currency, p.decimals, p.due, p.due_asset,
    p.due_decimals, p.due_network, p.description, p.return_url, p.metadata, p.received, p.pending,
    p.refund_reserved, p.refunded, p.refunded_outside, p.withdrawn, p.exceptions, p.failure_reason, p.request_id, p.created_at,
    p.updated_at, p.expires_at, p.settled_at, p.version, p.sequence, p.tolerance, p.quote
FROM attempts a JOIN payments p ON p.id = a.payment_id
WHERE a.rail = :rail AND (a.reference = :reference OR a.rail_id = :rail_id)
