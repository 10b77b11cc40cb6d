-- What the chain says it brought to addresses of ours. Money in another asset or over another network than the
-- payment's belongs to nobody, and the operator sees it. A transfer is known by what it is: seen again it changes
-- nothing, unless it is in another block now, or was gone.
WITH said AS MATERIALIZED (
    SELECT s.*, d.address, d.payment_id AS owner,
        CASE WHEN d.network = :network AND p.due_asset = s.asset THEN d.payment_id END AS payment_id
    FROM json_to_recordset(CAST(:transfers AS json)) AS s(id text, dedupe text, index text, tx_id text, key text,
        units numeric, asset text, decimals smallint, height bigint, hash text, at timestamptz, sender text)
    JOIN addresses d ON d.family = :family AND d.key = s.key
    JOIN payments p ON p.id = d.payment_id
), kept AS (
    INSERT INTO transfers AS t (id, rail, dedupe, role, status, units, asset, decimals, network, payment_id, reference,
        origin, detail, happened_at, tx_id, block_height, block_hash)
    SELECT id, :network, dedupe, 'PAYMENT', 'PENDING', units, asset, decimals, :network, payment_id, address,
        json_build_object('txId', tx_id),
        json_build_object('txId', tx_id, 'index', index, 'key', key, 'sender', sender, 'paymentId', owner),
        at, tx_id, height, hash
    FROM said ORDER BY dedupe
    ON CONFLICT (rail, dedupe) DO UPDATE SET
        status = CASE t.status WHEN 'DROPPED' THEN 'PENDING' ELSE t.status END,
        block_height = excluded.block_height, block_hash = excluded.block_hash, happened_at = excluded.happened_at
    WHERE t.status <> 'FINAL' AND (t.status = 'DROPPED'
        OR excluded.block_hash IS NOT NULL AND excluded.block_hash IS DISTINCT FROM t.block_hash)
    RETURNING id, payment_id
), queued AS (
    INSERT INTO transfer_queue (transfer_id) SELECT id FROM kept WHERE payment_id IS NOT NULL
    ON CONFLICT (transfer_id) DO UPDATE SET available_at = now(), tries = 0
)
SELECT payment_id, id FROM kept
