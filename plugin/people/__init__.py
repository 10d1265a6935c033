"""The commands `counterpoint people`: a file of a service's people, its plan in words, and its changes."""
