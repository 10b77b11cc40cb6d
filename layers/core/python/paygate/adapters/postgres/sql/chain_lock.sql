-- Whoever writes down what blocks do not show does it alone: what is known must not change in between.
SELECT height FROM chain_cursors WHERE network = :network FOR UPDATE
