"""Write docs/rubric.md to standard output."""

import sys

from stream.contracts.rubric import markdown

sys.stdout.write(markdown())
