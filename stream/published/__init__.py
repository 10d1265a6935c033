"""Published corpora of counselling as their publishers lay them out: what each may be used for, and a reader for each.

Nothing of a corpus is here. A reader names the place of what is wrong and what to do about it, quotes nothing, and
guesses nothing: a row is read as its publisher describes it, or refused.
"""
