"""Recipes that make the weights, and their evaluation. Developers only: not installed with the product."""
