UPDATE attempts SET action_sealed = :sealed
WHERE payment_id = :id AND number = :number AND action_sealed = :before
