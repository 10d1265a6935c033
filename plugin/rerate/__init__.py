"""Rating of stored exchanges by another version of the feedback model, beside the answers that count."""
