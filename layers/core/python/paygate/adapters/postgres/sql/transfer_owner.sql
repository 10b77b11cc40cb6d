SELECT payment_id FROM transfers WHERE id = :id
