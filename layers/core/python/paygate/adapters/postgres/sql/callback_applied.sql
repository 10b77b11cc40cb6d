WITH done AS (DELETE FROM callback_queue WHERE callback_id = :id)
INSERT INTO callback_outcomes (callback_id, outcome) VALUES (:id, :outcome) ON CONFLICT DO NOTHING
