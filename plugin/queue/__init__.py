"""The supervisor queue: accounts, the lists of sessions, and what each person may see and decide."""
