"""How fast it is, beside what else one could build: `make bench`. Written up in docs/speed.md."""
