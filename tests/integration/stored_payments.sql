-- 100,000 payments with all that belongs to them, as the superuser, foreign keys unchecked: quick, and true to size.
-- A third of a percent is open; the rest settled, a tenth of it refunded, or expired.
SET session_replication_role = replica;
CREATE TEMPORARY TABLE made AS
SELECT g, 'PAY_0' || lpad(g::text, 25, '0') AS id, 'ORDER_' || g / 2 AS order_id,
    CASE WHEN g % 300 = 0 THEN 'PENDING' WHEN g % 10 = 1 THEN 'PARTIALLY_REFUNDED' WHEN g % 5 = 2 THEN 'EXPIRED'
         ELSE 'SETTLED' END AS state,
    now() - interval '10 days' + g * interval '1 s' AS at
FROM generate_series(1, 100000) AS g;
INSERT INTO payments (id, order_id, user_id, method, channel, state, price, currency, decimals, due, due_asset,
    due_decimals, received, refunded, failure_reason, request_id, created_at, updated_at, expires_at, settled_at,
    version, sequence)
SELECT id, order_id, g, 'ALIPAY', 'QR', state, 10000, 'CNY', 2, 10000, 'CNY', 2,
    CASE WHEN state IN ('PENDING', 'EXPIRED') THEN 0 ELSE 10000 END,
    CASE WHEN state = 'PARTIALLY_REFUNDED' THEN 3000 ELSE 0 END,
    CASE WHEN state = 'EXPIRED' THEN 'EXPIRED' END, 'r' || g, at, at,
    CASE WHEN state = 'PENDING' THEN now() + interval '10 min' ELSE at + interval '15 min' END,
    CASE WHEN state NOT IN ('PENDING', 'EXPIRED') THEN at END,
    3, CASE WHEN state = 'PENDING' THEN 0 ELSE 1 END
FROM made;
INSERT INTO attempts (payment_id, number, rail, reference, status, rail_expires_at, created_at, next_query_at, rail_id)
SELECT id, 1, 'alipay', substr(id, 5) || '01', CASE WHEN state = 'PENDING' THEN 'OPEN' ELSE 'DONE' END,
    at + interval '15 min', at, CASE WHEN state = 'PENDING' THEN now() + interval '10 min' END,
    CASE WHEN state <> 'PENDING' THEN 'trade' || g END
FROM made;
INSERT INTO timeline (payment_id, version, from_state, to_state, reason, at)
SELECT id, 1, NULL, 'CREATED', 'created', at FROM made UNION ALL
SELECT id, 2, 'CREATED', 'PENDING', 'accepted', at FROM made UNION ALL
SELECT id, 3, 'PENDING', 'SETTLED', 'settled', at FROM made WHERE state <> 'PENDING';
INSERT INTO refunds (id, payment_id, amount, state, reference, origin, request_id, created_at, updated_at)
SELECT 'REF_' || substr(id, 5), id, 3000, 'SUCCEEDED', 'ref' || g, 'API', 'r' || g, at, at
FROM made WHERE state = 'PARTIALLY_REFUNDED';
INSERT INTO order_settlements SELECT DISTINCT ON (order_id) order_id, id FROM made WHERE state = 'SETTLED';
INSERT INTO idempotency_keys (key, request_hash, resource_id, leased_until, answer_status, answer_sealed,
    created_at)
SELECT 'key' || g, sha256(g::text::bytea), id, at, 201, repeat('x', 100)::bytea, at FROM made;
INSERT INTO callback_inbox (id, rail, digest, body, headers, query)
SELECT 'CBK_' || substr(id, 5), 'alipay', sha256(g::text::bytea), repeat('x', 100)::bytea, '{}', '{}' FROM made;
INSERT INTO callback_outcomes (callback_id, outcome) SELECT 'CBK_' || substr(id, 5), 'settled' FROM made;
INSERT INTO outbox (payment_id, sequence, event_id, kind, topics, payload, request_id, created_at)
SELECT id, 1, 'EVT_' || substr(id, 5), 'payment.settled', '{payments.events}', '{}', 'r' || g, at
FROM made WHERE state <> 'PENDING';
INSERT INTO seen_signatures SELECT sha256(g::text::bytea), at FROM made;
INSERT INTO operator_cases (id, kind, dedupe, rail, detail)
SELECT 'CASE_0' || lpad(g::text, 25, '0'), 'OTHER_AMOUNT', 'case' || g, 'alipay', '{}' FROM made WHERE g % 10 = 0;
INSERT INTO bank_statements (id, state, imported_by, sha256, imported_at, created_at)
SELECT 'BST_0' || lpad(g::text, 25, '0'), 'IMPORTED', 'pk_1', sha256(g::text::bytea), at, at FROM made WHERE g % 5 = 0;
INSERT INTO transfers (id, rail, dedupe, role, status, units, asset, decimals, payment_id, statement_id, happened_at)
SELECT 'TRF_0' || lpad(g::text, 25, '0'), 'bank_transfer', 'dedupe' || g, 'PAYMENT', 'FINAL', 10000, 'EUR', 2,
    CASE WHEN g % 100 <> 0 THEN id END, 'BST_0' || lpad((g - g % 5)::text, 25, '0'), at
FROM made;
INSERT INTO transfer_keys (key, statement_id, kind, transfer_id)
SELECT md5(kind || g::text), 'BST_0' || lpad((g - g % 5)::text, 25, '0'), kind, 'TRF_0' || lpad(g::text, 25, '0')
FROM made CROSS JOIN (VALUES ('D'), ('A'), ('T')) AS kinds(kind);
SET session_replication_role = DEFAULT;
ANALYZE;
