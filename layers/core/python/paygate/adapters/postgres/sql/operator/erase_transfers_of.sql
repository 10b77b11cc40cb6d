-- Who sent it, and what they wrote. What a chain shows is nobody's to erase, and collecting needs it.
UPDATE transfers SET detail = '{}' WHERE payment_id = :id AND network IS NULL
