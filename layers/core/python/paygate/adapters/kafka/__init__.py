"""Events out, over kafka-python."""
