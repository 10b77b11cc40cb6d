SELECT i.id, o.callback_id IS NOT NULL
FROM callback_inbox i LEFT JOIN callback_outcomes o ON o.callback_id = i.id
WHERE i.rail = :rail AND i.digest = :digest
