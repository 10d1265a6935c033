"""The pages for supervisors, therapists and operators: rendered on the server, without scripts or external files."""
