"""The written client: an invented client who resists, for therapists to practise with and for synthetic sessions."""
