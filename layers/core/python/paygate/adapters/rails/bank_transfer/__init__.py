"""Bank transfer: instructions that the payer follows, and statements that tell what came."""
