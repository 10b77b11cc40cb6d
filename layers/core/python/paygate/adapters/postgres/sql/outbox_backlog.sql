-- How much waits and since when, over no more than :limit events, so that a long backlog is not counted each run.
SELECT count(*), coalesce(round(extract(epoch FROM now() - min(outbox.created_at)) * 1000), 0)::bigint
FROM (
    SELECT payment_id, sequence FROM outbox_queue ORDER BY available_at LIMIT :limit
) AS waiting JOIN outbox USING (payment_id, sequence)
