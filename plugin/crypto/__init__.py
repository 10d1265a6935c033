"""Keys, text encryption and pseudonyms; this package imports no other package of the project."""
