-- Compare-and-set: the move, its timeline entry, its event and the attempt that it ends, together or not at all.
WITH moved AS (
    UPDATE payments
    SET state = :state, received = :received, pending = :pending, refund_reserved = :refund_reserved,
        refunded = :refunded, refunded_outside = :refunded_outside, withdrawn = :withdrawn,
        exceptions = CAST(:exceptions AS text[]),
        failure_reason = :failure_reason, updated_at = :at, settled_at = :settled_at,
        version = version + 1, sequence = :sequence, expiry_leased_until = NULL
    WHERE id = :id AND version = :version
    RETURNING id, version
), noted AS (
    INSERT INTO timeline (payment_id, version, from_state, to_state, reason, at, detail)
    SELECT id, version, NULLIF(:from_state, :state), :state, :reason, CAST(:at AS timestamptz), CAST(:detail AS json)
    FROM moved WHERE :from_state <> :state OR CAST(:detail AS json) IS NOT NULL
), told AS (
    INSERT INTO outbox (payment_id, sequence, event_id, kind, topics, payload, request_id)
    SELECT id, CAST(:sequence AS int), :event_id, :kind, CAST(:topics AS text[]), :payload, :request_id
    FROM moved WHERE CAST(:event_id AS text) IS NOT NULL
    RETURNING payment_id, sequence
), queued AS (
    INSERT INTO outbox_queue (payment_id, sequence) SELECT payment_id, sequence FROM told
), ended AS (
    UPDATE attempts a SET status = 'DONE', next_query_at = NULL, rail_id = COALESCE(a.rail_id, :rail_id)
    FROM moved WHERE a.payment_id = moved.id AND a.number = CAST(:ended_number AS int) AND a.status <> 'DONE'
)
SELECT id FROM moved
