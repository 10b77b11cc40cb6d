-- 100,000 payments over TRON, of which a third of a percent is open; their addresses, the transfers that paid them,
-- and the transactions that paid their refunds.
SET session_replication_role = replica;
CREATE TEMPORARY TABLE paid_on_chain AS
SELECT g, 'PAY_1' || lpad(g::text, 25, '0') AS id, g % 300 = 0 AS is_open, now() - interval '10 days' AS at
FROM generate_series(1, 100000) AS g;
INSERT INTO payments (id, order_id, user_id, method, channel, state, price, currency, decimals, due, due_asset,
    due_decimals, due_network, received, request_id, created_at, updated_at, expires_at, settled_at, version, sequence)
SELECT id, 'CHAIN_' || g, g, 'USDT_TRC20', 'ADDRESS', CASE WHEN is_open THEN 'CONFIRMING' ELSE 'SETTLED' END, 10000000,
    'USDT', 6, 10000000, 'USDT', 6, 'tron', CASE WHEN is_open THEN 0 ELSE 10000000 END, 'r' || g, at, at,
    now() + interval '1 h', CASE WHEN NOT is_open THEN at END, 3, CASE WHEN is_open THEN 0 ELSE 1 END
FROM paid_on_chain;
INSERT INTO attempts (payment_id, number, rail, reference, status, rail_expires_at, created_at)
SELECT id, 1, 'tron', 'T' || g, CASE WHEN is_open THEN 'OPEN' ELSE 'DONE' END, at + interval '15 min', at
FROM paid_on_chain;
INSERT INTO addresses (family, key, payment_id, network, address, account, path, index, confirmations,
    waits_for_finality, created_at)
SELECT 'tron', lpad(g::text, 40, '0'), id, 'tron', 'T' || g, 'account', 'm/0/' || g, g, 1, g % 600 = 0, at
FROM paid_on_chain;
INSERT INTO transfers (id, rail, dedupe, role, status, units, asset, decimals, network, payment_id, reference, detail,
    happened_at, tx_id, block_height, block_hash)
SELECT 'TRF_1' || lpad(g::text, 25, '0'), 'tron', md5(g::text) || ':0:10000000:' || lpad(g::text, 40, '0'), 'PAYMENT',
    CASE WHEN is_open THEN 'PENDING' ELSE 'FINAL' END, 10000000, 'USDT', 6, 'tron', id, 'T' || g,
    json_build_object('txId', md5(g::text), 'index', '0', 'key', lpad(g::text, 40, '0'), 'paymentId', id), at,
    md5(g::text), CASE WHEN is_open THEN 1000000 ELSE g END, md5(g::text)
FROM paid_on_chain;
INSERT INTO claims (payment_id, tx_id, key_id, claimed_at)
SELECT id, md5(g::text), 'key' || g % 100, at FROM paid_on_chain;
INSERT INTO refunds (id, payment_id, amount, state, reference, origin, request_id, created_at, updated_at, address,
    requested_by)
SELECT 'REF_1' || lpad(g::text, 25, '0'), id, 1, CASE WHEN g % 1000 = 4 THEN 'PENDING' ELSE 'SUCCEEDED' END,
    'chain' || g, 'API', 'r' || g, at, at, 'T', 'a key'
FROM paid_on_chain WHERE NOT is_open AND g % 2 = 0;
INSERT INTO payouts (refund_id, version, network, treasury, status, outpoints, unsigned, tx_id, signed, signed_at)
SELECT 'REF_1' || lpad(g::text, 25, '0'), 1, 'tron', 'treasury', CASE WHEN g % 1000 = 2 THEN 'SENT' ELSE 'DONE' END,
    ARRAY[md5(g::text) || ':0'], '{}', md5(g::text), 'signed', at
FROM paid_on_chain WHERE NOT is_open AND g % 2 = 0 AND g % 1000 <> 4;
INSERT INTO chain_cursors (network, height, block_hash, block_time, final_height)
VALUES ('tron', 1000001, 'h', now(), 999990);
INSERT INTO chain_blocks SELECT 'tron', g, 'h' || g FROM generate_series(999900, 1000001) AS g;
SET session_replication_role = DEFAULT;
ANALYZE;
