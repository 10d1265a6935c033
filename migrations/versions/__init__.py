"""One file a step; each can be taken back."""
