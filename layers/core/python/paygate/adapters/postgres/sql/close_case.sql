UPDATE operator_cases SET closed_at = now(), closed_by = :by WHERE id = :id AND closed_at IS NULL
