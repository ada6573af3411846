"""PyYAML, with its patterns compiled when they are first used: import `yaml` from here.

Its reader in pure Python, which libyaml stands in for, has one of all the characters that YAML
allows. Compiling that takes longer than isoaudit takes to judge a file, and nothing here uses it.
"""

from __future__ import annotations

import re

from isoaudit.regex import regex

_compile = re.compile
# NOTE: whoever compiles a pattern in another thread meanwhile gets one that works all the same.
re.compile = regex  # type: ignore[assignment]
try:
    import yaml
finally:
    re.compile = _compile

__all__ = ["yaml"]
