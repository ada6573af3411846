"""The ways out of one target in the table format: what is done, what was seen, what closes it."""

from __future__ import annotations

from collections.abc import Sequence

from isoaudit.model import (
    Assessment,
    Axis,
    EscapePath,
    FixChange,
    Openness,
    Standing,
    finding_of,
)
from isoaudit.report.layout import clip, count
from isoaudit.report.table_page import Page
from isoaudit.report.table_seen import put_seen
from isoaudit.report.table_view import View, changes_out

_IN_FULL = 1
_SHOWN = 6
_SHOWN_TEXT = 600
_SHOWN_WORDS = 160
_SHOWN_GAPS = 3
_EXPLOITS = "process.seccomp.exploits_reachable"
_OF_COURSE = frozenset(
    {"process.user_namespace", "process.name", "process.pid", "process.uid", "container.kernel",
     "container.platform", "process.root_permitted", "process.no_new_privileges",
     "process.apparmor.confined", "process.seccomp.mode", "process.lsm.label",
     "host.mac.enforcing", "engine.runtimes.arguments"}
)  # fmt: skip
"""What nearly every way asks besides what makes it one."""

_OF_COURSE = frozenset(
    {"process.user_namespace", "process.name", "process.pid", "process.uid", "container.kernel",
     "container.platform", "process.root_permitted", "process.no_new_privileges",
     "process.apparmor.confined", "process.seccomp.mode", "process.lsm.label",
     "host.mac.enforcing", "engine.runtimes.arguments"}
)  # fmt: skip
"""What nearly every way asks besides what makes it one."""

_STATES = {
    Openness.OPEN: "open",
    Openness.POSSIBLE: "not ruled out",
    Openness.INERT: "absent on this host",
    Openness.CLOSED: "closed",
}


def put_ways(page: Page, view: View) -> None:
    """Put the verdict on a target: its ways out, the changes that close them, what is left."""
    assessment = view.assessment
    if assessment is None:
        return
    out = [path for path in assessment.escape_paths if path.goal.is_out or page.verbose]
    open_ones = [path for path in out if path.certainty is Openness.OPEN]
    maybe = [path for path in out if path.certainty is Openness.POSSIBLE]
    in_full = open_ones if page.verbose else open_ones[:_IN_FULL]
    closed = {name for fix in changes_out(view) for name in fix.closes}
    for path in in_full:
        _put_way(page, path, tell_breaks=page.verbose or path.id not in closed)
    _put_brief(page, open_ones[len(in_full) :])
    if open_ones and not page.verbose:
        _put_number(page, maybe)
    else:
        _put_maybe(page, maybe)
    _put_fixes(page, view, assessment)
    if not open_ones and assessment.verdict.status is Standing.HOLDS:
        _put_left(page, view, assessment)
    _put_enough(page, assessment)
    if not open_ones or page.verbose:
        _put_widened(page, assessment)
    if page.verbose:
        _put_known(page, assessment)


def _put_way(page: Page, path: EscapePath, *, tell_breaks: bool) -> None:
    """Put one way in full: its steps, what they rest on, and what would end it where no change is
    told that does.
    """
    sure = "certain, needs no exploit" if path.certainty is Openness.OPEN else "not ruled out"
    steps = count(len(path.steps), "step")
    marks = _marks(path)
    page.headline_of("WAY OUT", f"{path.goal.words}: {steps}, {sure}{marks}", path.id)
    _put_steps(page, path)
    _put_rests_on(page, path)
    last = path.steps[-1]
    if last.no_help:
        page.row("", f"No help: {clip(last.no_help, _SHOWN_TEXT)}")
    if path.broken_by and tell_breaks:
        page.row("CLOSE", "; or ".join(clip(one, _SHOWN_WORDS) for one in path.broken_by))
    if last.keep:
        page.row("", f"Keep that with: {clip(last.keep, _SHOWN_TEXT)}")


def _put_rests_on(page: Page, path: EscapePath) -> None:
    """Put what a way rests on; what nearly every way asks is counted, if there is anything else."""
    every = finding_of(path)
    own = finding_of(
        path._replace(
            steps=tuple(
                step._replace(
                    evidence=tuple(one for one in step.evidence if one.path not in _OF_COURSE)
                )
                for step in path.steps
            )
        )
    )
    if page.verbose or not own.evidence:
        put_seen(page, [every])
    else:
        put_seen(page, [own], further=len(every.evidence) - len(own.evidence))


def _put_steps(page: Page, path: EscapePath) -> None:
    """Put what is done, step by step, and in which workload if not in this one."""
    for number, step in enumerate(path.steps, 1):
        lead = f"{number}. " if len(path.steps) > 1 else ""
        where = f"in {clip(step.target, _SHOWN_WORDS)}: " if step.target else ""
        page.row("", f"{lead}{where}{clip(step.way, _SHOWN_TEXT)}")


def _marks(path: EscapePath) -> str:
    words = ["waived"] if path.waiver else []
    words += ["known before"] if path.known else []
    return f" ({', '.join(words)})" if words else ""


def _put_brief(page: Page, paths: Sequence[EscapePath]) -> None:
    """Put further open ways, a line each, and how many more there are."""
    for path in paths[:_SHOWN]:
        page.headline_of("", f"{path.goal.words}: {path.steps[-1].title}{_marks(path)}", path.id)
    if len(paths) > _SHOWN:
        page.row("", f"and {count(len(paths) - _SHOWN, 'more open way')}: -v")


def _put_number(page: Page, paths: Sequence[EscapePath]) -> None:
    """Put how many ways are not ruled out beside those that are open."""
    if paths:
        page.row("MAYBE", f"{count(len(paths), 'further way')} not ruled out: -v")


def _put_maybe(page: Page, paths: Sequence[EscapePath]) -> None:
    """Put the ways that are not ruled out, with what would settle each."""
    shown = paths if page.verbose else paths[:_SHOWN_GAPS]
    for number, path in enumerate(shown):
        text = f"{path.goal.words}: {path.steps[-1].title}{_marks(path)}"
        page.headline_of("" if number else "MAYBE", f"not ruled out: {text}", path.id)
        if not number:
            _put_steps(page, path)
        page.row("", f"not known: {_lacking(path)}")
    if len(paths) > len(shown):
        page.row("", f"and {len(paths) - len(shown)} more not ruled out: -v")


def _lacking(path: EscapePath) -> str:
    names = list(dict.fromkeys(entry.path for entry in path.missing))
    told = next((entry.how_to_get for entry in path.missing if entry.how_to_get), "")
    more = f" and {len(names) - _SHOWN_GAPS} more" if len(names) > _SHOWN_GAPS else ""
    words = clip(", ".join(names[:_SHOWN_GAPS]), _SHOWN_WORDS) + more
    return f"{words}. {clip(told, _SHOWN_WORDS)}" if told else words


def _put_fixes(page: Page, view: View, assessment: Assessment) -> None:
    """Put the smallest set of changes, each with the score once it and those before are made.

    Those against ways that end short of the host come last, in a line; with -v in full too.
    """
    before = str(assessment.score.axes[Axis.ESCAPE])
    needed = changes_out(view)
    shown = view.fixes if page.verbose else needed
    for number, fix in enumerate(shown, 1):
        label = "FIX" if number == 1 else ""
        lead = f"{number} " if len(shown) > 1 else ""
        page.row(label, f"{lead}{clip(fix.change, _SHOWN_TEXT)}{_where(fix)}")
        after = str(fix.score_after.get(Axis.ESCAPE, before))
        does = [f"Closes {count(len(fix.closes), 'way')}"] if fix.closes else []
        does += [f"ESCAPE {before} -> {after}"] if after != before else []
        does += [_cost(fix)]
        page.row("", "; ".join(does))
        before = after
    rest = [fix for fix in view.fixes if fix not in shown]
    if rest:
        words = "; ".join(clip(f"{fix.change}{_where(fix)}", _SHOWN_WORDS) for fix in rest)
        label = "" if shown else "FIX"
        page.row(label, f"Against ways that end short of the host: {words}")


def _where(fix: FixChange) -> str:
    where = f" ({clip(fix.where, _SHOWN_WORDS)})" if fix.where else ""
    return f"{where} [at the host]" if fix.scope == "host" else where


def _cost(fix: FixChange) -> str:
    downtime = "no downtime" if fix.downtime == "none" else f"downtime: {fix.downtime}"
    breaks = f"; may break: {clip(fix.may_break, _SHOWN_WORDS)}" if fix.may_break else ""
    return f"{downtime}{breaks}"


def _put_left(page: Page, view: View, assessment: Assessment) -> None:
    """Put what no setting removes: that nothing is open is no safety."""
    total = len(assessment.ways)
    shut = sum(way.state in {Openness.CLOSED, Openness.INERT} for way in assessment.ways)
    text = f"No way out by configuration: {shut} of {total} known ways are closed or absent"
    if shut < total:
        text += ", the other does" if total - shut == 1 else ", the others do"
        text += " not lead to the host"
    page.row("LEFT", f"{text} (list: -v). {_bug(view)}")


def _bug(view: View) -> str:
    """Return what one bug does; how many exploits may begin is said only where it was counted."""
    values = [fact.value for fact in view.facts_of(_EXPLOITS)]
    # A report may come from anywhere: what is no number of exploits counts none.
    numbers = [one for one in values if isinstance(one, int) and not isinstance(one, bool)]
    if not numbers:
        return "One bug in what it shares with the host is enough."
    # NOTE: imported here, since few pages need it.
    from isoaudit.seccomp.exploits import corpus_words

    return (f"One bug in the shared kernel is enough: {max(numbers)} of {corpus_words()} begin "
            "with calls that it may make.")  # fmt: skip


def _put_enough(page: Page, assessment: Assessment) -> None:
    verdict = assessment.verdict
    if verdict.enough_for:
        page.row(
            "ENOUGH", f"for {'; '.join(clip(one, _SHOWN_WORDS) for one in verdict.enough_for)}"
        )
    lacking = [one for one in verdict.not_enough_for if one.because]
    if lacking and (verdict.enough_for or page.verbose):
        first = lacking[0]
        why = clip(first.because[0], _SHOWN_WORDS)
        page.row("NOT FOR", f"{clip(first.workload, _SHOWN_WORDS)}: {why}")
        rest = "; ".join(clip(one.workload, _SHOWN_WORDS) for one in lacking[1:])
        page.row("", rest) if rest else None


def _put_widened(page: Page, assessment: Assessment) -> None:
    """Put what widens the score on the escape axis most, and how to settle it."""
    wide = {
        line.text: line
        for line in assessment.score.why
        if line.axis is Axis.ESCAPE and line.kind == "widens"
    }
    widest = sorted(wide.values(), key=lambda line: (line.low - line.high, line.text))
    shown = widest if page.verbose else widest[:_SHOWN_GAPS]
    for number, line in enumerate(shown):
        told = next((entry.how_to_get for entry in line.missing if entry.how_to_get), "")
        hint = f": {clip(told, _SHOWN_WORDS)}" if told else ""
        page.row("" if number else "WIDENS", f"{clip(line.text, _SHOWN_WORDS)}{hint}")


def _put_known(page: Page, assessment: Assessment) -> None:
    """Put every known way with what it came to."""
    for number, way in enumerate(assessment.ways):
        because = f": {clip(way.because, _SHOWN_WORDS)}" if way.because else ""
        text = f"{way.id} {_STATES[way.state]}{because}"
        page.row("" if number else "KNOWN", text)
