"""Grounding: a sentence is shown only if all that it says is in the evidence."""

from agent.grounding.evidence import Evidence, Violation
from agent.grounding.verifier import Grounder, audit, sentences

__all__ = ["Evidence", "Grounder", "Violation", "audit", "sentences"]
