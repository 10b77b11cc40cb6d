-- Callbacks in which the order's number can be read. The digest stays, by which a repeat is known.
UPDATE callback_inbox i SET body = '', headers = '{}', query = '{}'
FROM attempts a
WHERE a.payment_id = :id AND i.rail = a.rail AND i.received_at >= a.created_at
    AND (position(convert_to(a.reference, 'UTF8') IN i.body) > 0 OR position(a.reference IN i.query::text) > 0)
    AND EXISTS (SELECT FROM callback_outcomes o WHERE o.callback_id = i.id)
