"""A recipe for preferences: ratings, pairs, a reward model, and a policy that learns from both, offline and online."""
