"""Tables of public conversations for `counterpoint study`, with the question files that were asked of them."""
