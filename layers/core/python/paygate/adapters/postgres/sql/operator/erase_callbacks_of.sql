-- Callbacks since the payment in which its order's number can be read: ids sort by time, whatever they are of. The
-- digest stays, by which a repeat is known.
UPDATE callback_inbox i SET body = '', headers = '{}', query = '{}'
FROM attempts a
WHERE a.payment_id = :id AND i.rail = a.rail AND i.id >= 'CBK_' || substr(a.payment_id, 5)
    AND (position(convert_to(a.reference, 'UTF8') IN i.body) > 0 OR position(a.reference IN i.query::text) > 0)
    AND EXISTS (SELECT FROM callback_outcomes o WHERE o.callback_id = i.id)
