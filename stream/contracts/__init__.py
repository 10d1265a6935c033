"""Every record on a topic, the topics' names and the deterministic ids. Imports nothing else of ours."""
