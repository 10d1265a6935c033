"""The privacy commands of the command line, with what they print before, during and after their work."""
