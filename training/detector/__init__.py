"""The recipe of the weights of `stream.detection`, and their evaluation."""
