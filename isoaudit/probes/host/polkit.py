"""Who polkit lets manage VMs without asking for an administrator's password.

Sources: polkit(8) (rules.d in /etc, /run, /usr/local/share and /usr/share; the first rule that
decides stands), pklocalauthority(8) for the older .pkla files, libvirt.org/auth.html. Rules are
programs in JavaScript and are not run: a row of ifs that test the action's name, a group or a user,
joined by `&&`, is understood; any other that may say yes leaves the answer open.
"""

from __future__ import annotations

import configparser
import re
from typing import NamedTuple

from isoaudit.model import Missing, Reason, Record
from isoaudit.probes.base import Notes
from isoaudit.probes.host.sheet import Sheet
from isoaudit.transports.base import Unreadable

ACTION = "org.libvirt.unix.manage"

_RULES = tuple(
    f"{base}/polkit-1/rules.d" for base in ("/etc", "/run", "/usr/local/share", "/usr/share")
)
_LOCAL_AUTHORITY = ("/etc/polkit-1/localauthority", "/var/lib/polkit-1/localauthority")
_POLICIES = tuple(
    f"{base}/polkit-1/actions/org.libvirt.unix.policy"
    for base in ("/etc", "/run", "/usr/local/share", "/usr/share")
)
_MOST_FILES = 200
_LIMIT = 65_536
_REMEDY = "Read the rule; pkcheck tells about one process."

_COMMENT = re.compile(r"(?<![:\"'])//[^\n]*|/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"\bpolkit\s*\.\s*addRule\s*\(")
_YES = re.compile(
    r"\bResult\s*\.\s*(?:YES|AUTH_SELF(?:_KEEP)?)\b|[\"'](?:yes|auth_self(?:_keep)?)[\"']",
    re.IGNORECASE,
)
_SELF = ("auth_self", "auth_self_keep")
"""Who asks has to prove to be themselves: an account that was taken over does so, or waits."""

_FUNCTION = re.compile(r"\s*function\s*\(\s*action\s*,\s*subject\s*\)\s*\{")
_IF = re.compile(
    r"\s*(?:else\s+)?if\s*\((?P<test>[^{};]*)\)\s*"
    r"(?:\{\s*return\s+(?P<braced>[^{};]*?)\s*;?\s*\}|return\s+(?P<bare>[^{};]*?)\s*;)"
)
_END = re.compile(r"\s*(?:return\s+polkit\.Result\.NOT_HANDLED\s*;?\s*)?\}\s*\)\s*;?\s*")

_IS_ACTION = re.compile(r"action\.id\s*={2,3}\s*([\"'])(?P<id>[\w.\-]+)\1")
_STARTS = re.compile(
    r"action\.id\.(?:indexOf\(\s*([\"'])(?P<at>[\w.\-]+)\1\s*\)\s*={2,3}\s*0"
    r"|startsWith\(\s*([\"'])(?P<with>[\w.\-]+)\3\s*\))"
)
_GROUP = re.compile(r"subject\.isInGroup\(\s*([\"'])(?P<name>[^\"'|&<>]+)\1\s*\)")
_USER = re.compile(r"subject\.user\s*={2,3}\s*([\"'])(?P<name>[^\"'|&<>]+)\1")
_NARROWS = re.compile(r"subject\.(?:local|active)\b(?:\s*={2,3}\s*true)?")


class Grant(NamedTuple):
    """Who gets an action without a password: kind is group, user or everyone."""

    kind: str
    name: str
    source: str


def note_polkit(sheet: Sheet) -> None:
    """Note the part libvirt_grant, incomplete where a rule was not read or not understood."""
    grants: list[Grant] = []
    gaps: list[Missing] = []
    vantage = sheet.declared.vantage
    for path, text in _texts(sheet, gaps):
        if path.endswith(".pkla"):
            grants += _of_pkla(text, path, gaps)
            continue
        found, unclear = of_rules(text, path)
        grants += found
        if unclear:
            detail = f"{path}: its rules may decide about libvirt by more than is understood here"
            gaps.append(Missing("libvirt_grant", Reason.NOT_SUPPORTED, detail, _REMEDY, vantage))
    grants += _of_policy(sheet, gaps)
    records = [_record(sheet, grant) for grant in dict.fromkeys(grants)]
    sheet.declared.part("libvirt_grant", records, gaps[0] if gaps else None)


def of_rules(text: str, path: str) -> tuple[list[Grant], bool]:
    """Return whom the rules of a file let manage VMs, and whether one was not understood."""
    plain = _COMMENT.sub(" ", text)
    before, *rules = _RULE.split(plain)
    unclear = bool(_YES.search(before)) or any("addRule" in rule for rule in rules)
    grants: list[Grant] = []
    for rule in rules:
        if not _YES.search(rule):
            continue
        tests = _tests(rule)
        if tests is None:
            unclear = True
            continue
        for test in tests:
            grant = _understood(test, path)
            if isinstance(grant, Grant):
                grants.append(grant)
            unclear = unclear or grant is None
    return grants, unclear


def _tests(rule: str) -> list[str] | None:
    """Return the tests after which a rule says yes, or None if it is more than a row of ifs."""
    head = _FUNCTION.match(rule)
    place = head.end() if head else 0
    tests: list[str] = []
    while head and (block := _IF.match(rule, place)):
        if _YES.search(block["braced"] or block["bare"] or ""):
            tests.append(block["test"])
        place = block.end()
    return tests if head and _END.match(rule, place) else None


def _understood(test: str, path: str) -> Grant | bool | None:
    """Return whom a test lets in, False if it is about other actions, None if not understood."""
    names: list[tuple[str, str]] = []

    def name(match: re.Match[str], kind: str) -> str:
        names.append((kind, match["name"]))
        return "<who>"

    short = _IS_ACTION.sub(lambda m: "<ours>" if m["id"] == ACTION else "<other>", test)
    short = _STARTS.sub(_prefix, short)
    short = _GROUP.sub(lambda match: name(match, "group"), short)
    short = _USER.sub(lambda match: name(match, "user"), short)
    short = re.sub(r"\s+", "", _NARROWS.sub("<here>", short))
    while (reduced := re.sub(r"<other>\|\|<other>|\(<other>\)", "<other>", short)) != short:
        short = reduced
    if "||" in short:
        return None
    terms = short.split("&&")
    if "<other>" in terms:
        return False
    terms = short.replace("(", "").replace(")", "").split("&&")
    if "<ours>" not in terms or not {*terms} <= {"<ours>", "<who>", "<here>"}:
        return None
    kind, who = names[0] if names else ("everyone", "*")
    return Grant(kind, who, path)


def _prefix(match: re.Match[str]) -> str:
    """Return what a test of an action's first letters comes to."""
    start = match["at"] or match["with"]
    return "<ours>" if ACTION.startswith(start) else "<other>"


def _texts(sheet: Sheet, gaps: list[Missing]) -> list[tuple[str, str]]:
    """Return the rule files with their texts; what cannot be read is a gap."""
    vantage = sheet.declared.vantage
    paths = [path for folder in _RULES for path in _named(sheet, folder, ".rules", gaps)]
    for base in _LOCAL_AUTHORITY:
        for name in _named(sheet, base, ".d", gaps):
            paths += _named(sheet, name, ".pkla", gaps)
    if len(paths) > _MOST_FILES:
        detail = f"only the first {_MOST_FILES} of {len(paths)} files of polkit were read"
        gaps.append(Missing("libvirt_grant", Reason.LIMIT, detail, "", vantage))
    texts: list[tuple[str, str]] = []
    for path in paths[:_MOST_FILES]:
        try:
            texts.append((path, sheet.whole(path, _LIMIT)))
        except Unreadable as error:
            if not error.absent:
                gaps.append(error.missing("libvirt_grant", vantage))
    return texts


def _named(sheet: Sheet, folder: str, ending: str, gaps: list[Missing]) -> list[str]:
    names = sheet.names(folder)
    if isinstance(names, Unreadable):
        gaps.append(names.missing("libvirt_grant", sheet.declared.vantage))
        return []
    return [f"{folder}/{name}" for name in names if name.endswith(ending)]


def _of_pkla(text: str, path: str, gaps: list[Missing]) -> list[Grant]:
    """Return whom an older .pkla file lets in; a pattern that may mean libvirt counts."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        detail = f"{path} is not in the format of .pkla files"
        gaps.append(Missing("libvirt_grant", Reason.PARSE_ERROR, detail))
        return []
    grants: list[Grant] = []
    for section in parser.sections():
        entry = parser[section]
        actions = entry.get("Action", "").split(";")
        results = [entry.get(name, "") for name in ("ResultAny", "ResultInactive", "ResultActive")]
        if not {"yes", *_SELF} & set(results) or not any(
            _covers(action.strip()) for action in actions
        ):
            continue
        for identity in entry.get("Identity", "").split(";"):
            kind, _, name = identity.strip().partition(":")
            if kind in {"unix-group", "unix-user"}:
                everyone = kind == "unix-user" and name == "*"
                word = "everyone" if everyone else kind.removeprefix("unix-")
                grants.append(Grant(word, name, f"{path} [{section}]"))
    return grants


def _covers(pattern: str) -> bool:
    """Say whether an action's pattern, where `*` stands for anything, may mean ours."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), ACTION) is not None


def _of_policy(sheet: Sheet, gaps: list[Missing]) -> list[Grant]:
    """Return what the action itself says of those whom no rule speaks of."""
    for path in _POLICIES:
        try:
            text = sheet.whole(path)
        except Unreadable as error:
            if not error.absent:
                gaps.append(error.missing("libvirt_grant", sheet.declared.vantage))
            continue
        # NOTE: these files have a document type, which our reader of XML refuses for good reason.
        plain = re.sub(r"<!--.*?-->", " ", text, flags=re.DOTALL)
        action = re.search(rf'<action\s+id="{re.escape(ACTION)}".*?</action>', plain, re.DOTALL)
        said = (
            re.search(rf"<(allow_\w+)>\s*(?:yes|{'|'.join(_SELF)})\s*<", action[0])
            if action
            else None
        )
        if action is not None:
            return [Grant("everyone", "*", f"{path} {said[1]}")] if said else []
    return []


def _record(sheet: Sheet, grant: Grant) -> Record:
    notes = Notes(sheet.declared.vantage)
    notes.fact("libvirt_grant.kind", grant.kind, grant.source)
    notes.fact("libvirt_grant.name", grant.name, grant.source)
    return notes.record()
