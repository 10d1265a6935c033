"""Recipes that train and evaluate the models, for developers; they are not installed with the product."""
