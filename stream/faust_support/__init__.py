"""Everything that is tied to the internals of Faust 0.15.3 and aiokafka 0.14.0.

Each file names the upstream fault it stands in for and what an upgrade must check, so that it can be deleted once
upstream is fixed. The workers use this package; nothing else in `stream` knows Faust.
"""
