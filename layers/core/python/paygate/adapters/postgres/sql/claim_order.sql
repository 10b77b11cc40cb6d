-- The payment that settled the order first. Setting the order's own id again locks the winner's row, so that a
-- second payment waits for the first to commit and then sees it.
INSERT INTO order_settlements (order_id, payment_id) VALUES (:order_id, :payment_id)
ON CONFLICT (order_id) DO UPDATE SET order_id = excluded.order_id
RETURNING payment_id
