"""How the weights of `stream.detection.linear` are made, and what they are worth."""
