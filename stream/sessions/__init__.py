"""Open conversations as pure state: placing messages, closing sessions, building their records. Time is passed in."""
