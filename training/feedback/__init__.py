"""The recipe that fine-tunes a causal language model to write our feedback, and its evaluation."""
