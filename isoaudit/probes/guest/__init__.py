"""A guest as a source of evidence about itself: what to ask it, and what its answers say."""

from isoaudit.probes.guest.contradictions import contradictions
from isoaudit.probes.guest.identity import shared_identity
from isoaudit.probes.guest.questions import questions
from isoaudit.probes.guest.read import read_guest, unasked

__all__ = ["contradictions", "questions", "read_guest", "shared_identity", "unasked"]
