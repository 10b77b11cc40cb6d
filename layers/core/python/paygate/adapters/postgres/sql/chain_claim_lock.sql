-- A thousand claims at once are counted one after the other.
SELECT id FROM payments WHERE id = :payment_id FOR UPDATE
