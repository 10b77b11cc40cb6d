-- Today's share of the refund is taken once, however often it is signed today: its transactions exclude one another.
INSERT INTO signings AS s (refund_id, next_at, reserved_on)
VALUES (:refund_id, now(), (now() AT TIME ZONE 'UTC')::date)
ON CONFLICT (refund_id) DO UPDATE SET reserved_on = EXCLUDED.reserved_on
WHERE s.reserved_on IS DISTINCT FROM EXCLUDED.reserved_on
RETURNING refund_id
