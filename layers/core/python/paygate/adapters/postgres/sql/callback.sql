SELECT id, rail, body, headers, query FROM callback_inbox WHERE id = :id
