"""The errors that end or mark a run; each says what happened and what to do about it.

IsoauditError                70  a fault of isoaudit's own
├── UsageError                2  the command line, a check, a profile or a named file does not load
│   └── DefinitionError       2  a check or profile, with file and line
├── NothingToAuditError       3  an empty discovery, folder or input
├── TargetError               4  one target could not be read; the others still are
│   └── DocumentError         4  a file is broken, enormous or hostile
└── IncompleteError           4  audited, but not all that was asked for
"""

from __future__ import annotations


class IsoauditError(Exception):
    """Base of all errors: a cause line, a line with what to do, and the exit code it leads to."""

    exit_code = 70

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy


class UsageError(IsoauditError):
    """The command line or something it names cannot be used; nothing is audited."""

    exit_code = 2


class DefinitionError(UsageError):
    """A check or profile file does not load; `cause` starts with file, line and column."""


class NothingToAuditError(IsoauditError):
    """There is nothing to audit, which is never the same as finding nothing wrong."""

    exit_code = 3


class TargetError(IsoauditError):
    """One target cannot be read; the run goes on with the others."""

    exit_code = 4


class DocumentError(TargetError):
    """A deployment file cannot be read as what it is; `cause` starts with file and line."""


class TemplateError(DocumentError):
    """A template was met where what it comes to is needed, as a file of a raw Helm chart."""


class IncompleteError(IsoauditError):
    """Something that was asked for by name could not be audited."""

    exit_code = 4
