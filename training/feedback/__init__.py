"""How a causal language model is fine-tuned to write our feedback, and what it is worth then."""
