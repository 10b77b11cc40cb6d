SELECT id, rail, body, headers, query, received_at FROM callback_inbox WHERE id = :id
