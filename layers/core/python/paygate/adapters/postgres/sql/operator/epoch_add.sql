-- One restore, one epoch, however often it is raised.
INSERT INTO epochs (floor, restored_to) VALUES (:floor, CAST(:restored_to AS timestamptz))
ON CONFLICT (restored_to) DO UPDATE SET restored_to = EXCLUDED.restored_to
RETURNING floor
