"""The pages for supervisors, therapists and operators: server-rendered, no script, nothing from elsewhere."""
