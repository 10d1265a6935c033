"""Keys, encrypted text, pseudonyms. Imports nothing else of ours."""
