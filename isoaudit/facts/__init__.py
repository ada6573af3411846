"""The fact vocabulary, and the redaction that everything sensitive passes through."""
