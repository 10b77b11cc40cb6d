UPDATE operator_cases SET closed_at = now() WHERE dedupe = :dedupe AND closed_at IS NULL
