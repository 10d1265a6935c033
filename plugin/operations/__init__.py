"""What an operator does at night: dead letters, status."""
