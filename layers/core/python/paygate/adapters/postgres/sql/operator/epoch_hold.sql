-- Every refund on a chain that is under way may have been paid in the time that is lost. Also those that were released
-- after an earlier restore.
INSERT INTO held_refunds AS h (refund_id, epoch)
SELECT id, CAST(:epoch AS int) FROM refunds WHERE address IS NOT NULL AND state IN ('PENDING', 'UNKNOWN')
ON CONFLICT (refund_id) DO UPDATE SET epoch = EXCLUDED.epoch, released_at = NULL WHERE h.epoch <> EXCLUDED.epoch
