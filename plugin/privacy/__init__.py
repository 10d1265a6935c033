"""What forgets and what proves it: erasure, retention, key rotation, legal hold."""
