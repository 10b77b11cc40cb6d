-- Several transfers of one payment are booked together.
WITH due AS MATERIALIZED (
    SELECT q.transfer_id, t.payment_id, t.rail FROM transfer_queue q JOIN transfers t ON t.id = q.transfer_id
    WHERE q.available_at <= now() AND t.rail <> ALL (CAST(:without AS text[]))
    ORDER BY q.available_at LIMIT :limit
    FOR UPDATE OF q SKIP LOCKED
), leased AS (
    UPDATE transfer_queue q
    SET available_at = now() + make_interval(secs => :lease_seconds) * power(2, least(tries, 6)), tries = tries + 1
    FROM due WHERE q.transfer_id = due.transfer_id
    RETURNING due.payment_id, due.rail
)
SELECT DISTINCT payment_id, rail FROM leased
