"""The version of the rubric, its origin, and the explanation of how to read a level."""

from typing import Final

RUBRIC_VERSION: Final = "0.3"
"""The version of the rubric. It is part of every assessment's id, since another wording is another rubric."""

ORIGIN: Final = (
    "The names of mechanisms and levels are those of [arXiv 2602.21638](https://arxiv.org/abs/2602.21638). Its"
    " definitions are not public: every definition and example below is our own, written for text counselling in"
    " English, and has not been reviewed by clinicians yet."
)

HOW_TO_READ: Final = (
    "A level describes how far one reply expresses a mechanism, in its words, at that moment. It says nothing about the"
    " counsellor's ability or intention, nor about the client. A reply need not express all four: sometimes one is what"
    " the moment asks for."
)
