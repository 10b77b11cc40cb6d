WITH final AS (
    UPDATE transfers t SET status = 'FINAL'
    FROM json_to_recordset(CAST(:transfers AS json)) AS s(dedupe text, hash text)
    WHERE t.rail = :network AND t.dedupe = s.dedupe AND t.block_hash = s.hash AND t.status IN ('PENDING', 'REVERSED')
    RETURNING t.id, t.payment_id
), queued AS (
    INSERT INTO transfer_queue (transfer_id) SELECT id FROM final WHERE payment_id IS NOT NULL
    ON CONFLICT (transfer_id) DO UPDATE SET available_at = now(), tries = 0
)
SELECT payment_id FROM final
