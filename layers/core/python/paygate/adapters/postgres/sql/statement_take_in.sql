-- The lines :after to :upto become transfers: what is known changes nothing, what may be known and what fits no
-- payment alone waits for an operator. Scalar subqueries, because each must be a look into an index: a plan that
-- reads whole tables once a batch would grow with the square of the file. And IS TRUE, because that is looked up in a
-- hash: a join of what was inserted, of which nothing is known beforehand, compares all with all.
WITH statement AS MATERIALIZED (
    SELECT id, run, json_strip_nulls(json_build_object('statementId', id, 'importedBy', imported_by,
        'approvedBy', approved_by, 'fileSha256', encode(sha256, 'hex'))) AS origin
    FROM bank_statements WHERE id = :id
), looked_up AS MATERIALIZED (
    SELECT l.*, s.id AS statement, s.origin,
        EXISTS (SELECT FROM transfer_keys k WHERE k.key = l.dedupe AND k.kind IN ('D', 'A') OFFSET 0)
            OR EXISTS (SELECT FROM transfer_keys k WHERE k.key = ANY (l.aliases) AND k.kind = 'D' OFFSET 0) AS is_known,
        CASE WHEN l.role IN ('PAYMENT', 'RETURN') THEN (
            SELECT coalesce(
                (SELECT k.transfer_id FROM transfer_keys k
                 WHERE k.key = own.key AND k.statement_id < l.statement_id
                 ORDER BY k.key, k.statement_id, k.kind, k.transfer_id LIMIT 1),
                (SELECT k.transfer_id FROM transfer_keys k
                 WHERE k.key = own.key AND k.statement_id > l.statement_id
                 ORDER BY k.key, k.statement_id, k.kind, k.transfer_id LIMIT 1)) AS other
            FROM unnest(l.aliases || l.twins || l.dedupe) AS own(key)
            ORDER BY other LIMIT 1
        ) END AS suspect_of,
        CASE WHEN l.refs <> '' AND l.role IN ('PAYMENT', 'RETURN') THEN (
            SELECT CASE WHEN count(*) = 1 THEN min(a.payment_id) END
            FROM attempts a
            WHERE a.rail = 'bank_transfer' AND a.reference = ANY (string_to_array(l.refs, ','))
                AND (SELECT p.due_asset = l.asset AND p.due_decimals = l.decimals
                     FROM payments p WHERE p.id = a.payment_id)
        ) END AS payment_id,
        CASE WHEN l.refs <> '' AND l.role IN ('PAYOUT', 'PAYOUT_RETURN') THEN (
            SELECT CASE WHEN count(*) = 1 THEN min(r.id) END
            FROM refunds r
            WHERE r.origin = 'API' AND (SELECT p.method = 'BANK_TRANSFER' AND p.due_asset = l.asset
                                        FROM payments p WHERE p.id = r.payment_id)
                AND right(r.reference, 10) = ANY (ARRAY(
                    SELECT CASE WHEN ref LIKE 'RF%' THEN right(ref, 10) ELSE substr(ref, 3, 10) END
                    FROM unnest(string_to_array(l.refs, ',')) AS ref))
        ) END AS refund_id
    FROM statement s JOIN bank_statement_lines l ON l.run = s.run
    WHERE l.number > :after AND l.number <= :upto
), inserted AS (
    INSERT INTO transfers (id, rail, dedupe, role, status, units, asset, decimals, payment_id, refund_id,
        statement_id, suspect_of, reference, origin, detail, happened_at)
    SELECT transfer_id, 'bank_transfer', dedupe, role, 'FINAL', units, asset, decimals,
        CASE WHEN refund_id IS NOT NULL THEN (SELECT r.payment_id FROM refunds r WHERE r.id = refund_id)
             WHEN suspect_of IS NULL THEN payment_id END,
        refund_id, statement, suspect_of, nullif(split_part(refs, ',', 1), ''), origin, detail, happened_at
    FROM looked_up WHERE NOT is_known AND (role IN ('PAYMENT', 'RETURN') OR refund_id IS NOT NULL)
    ORDER BY number
    ON CONFLICT (rail, dedupe) DO NOTHING
    RETURNING id, role, payment_id
), named AS (
    INSERT INTO transfer_keys (key, statement_id, kind, transfer_id)
    SELECT name.key, l.statement, name.kind, l.transfer_id
    FROM looked_up l
    CROSS JOIN LATERAL (
        SELECT l.dedupe AS key, 'D' AS kind
        UNION ALL SELECT unnest(l.aliases), 'A' UNION ALL SELECT unnest(l.twins), 'T') AS name
    WHERE (l.transfer_id IN (SELECT id FROM inserted)) IS TRUE
    ON CONFLICT DO NOTHING
), queued AS (
    INSERT INTO transfer_queue (transfer_id) SELECT id FROM inserted WHERE payment_id IS NOT NULL
)
SELECT count(*) FILTER (WHERE payment_id IS NOT NULL), count(*) FILTER (WHERE payment_id IS NULL),
    (SELECT count(*) FROM looked_up WHERE role = 'PAYMENT') - count(*)
FROM inserted WHERE role = 'PAYMENT'
