"""The rating of what therapists practise, and commands about written clients. It knows the stream's feedback."""
