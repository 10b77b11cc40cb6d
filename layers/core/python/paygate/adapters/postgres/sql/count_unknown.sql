-- Payments that their rail has neither accepted nor refused for so long. What is CREATED is little at any time, and
-- ids grow with time, so that the oldest are found first and newer ones not counted beyond :limit.
SELECT count(*) FROM (
    SELECT FROM payments
    WHERE state = 'CREATED' AND created_at < now() - make_interval(secs => :seconds)
    ORDER BY id LIMIT :limit
) AS waiting
