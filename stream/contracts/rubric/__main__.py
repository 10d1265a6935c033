"""Write the rubric as Markdown, the content of docs/rubric.md, to standard output."""

import sys

from stream.contracts.rubric import markdown

sys.stdout.write(markdown())
