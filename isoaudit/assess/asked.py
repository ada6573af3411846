"""What a target that nobody saw run was asked to run on: the kernel that its runtime brings."""

from __future__ import annotations

from isoaudit.assess.truth import View
from isoaudit.model import Fact, Kind, Missing, Vantage
from isoaudit.regex import regex
from isoaudit.rules.context import Context, Seen

KERNEL = "container.kernel"
GUEST_KERNEL = "vm.kernel"
_DOMAINS = "libvirt_xml"
_RUNTIME = "container.runtime"
_HOST = regex(r"(?:.*[./])?(?:runc|crun|youki|runc\.v2|default|)")
_SENTRY = regex(r".*(?:runsc|gvisor).*")
_GUEST = regex(r".*kata.*")


def view_of(context: Context) -> View:
    """Return a target as conditions are asked about it.

    Whose kernel answers is shown by what runs. Where nothing runs, or elsewhere, the runtime that
    was asked for says it: runc and its like, gVisor and Kata by the names that they are installed
    under, as `runsc` and `io.containerd.kata.v2`. Of another name nothing is known. Where a file
    names none, the engine's shipped default is taken, as for all that a file leaves open.
    """
    view = View(context)
    if context.target.kind is Kind.VM:
        return _machine(view)
    if context.target.kind is not Kind.CONTAINER:
        return view
    seen = context.fact(KERNEL)
    if isinstance(seen, Seen) or seen.vantage is not None:
        return view
    asked = context.fact(_RUNTIME)
    if isinstance(asked, Missing):
        if not context.target.dialect:
            return view
        return _with(view, "host", "no runtime is named: the engine's shipped default",
                     Vantage.DECLARED)  # fmt: skip
    kernel = _kernel(str(asked.fact.value))
    return _with(view, kernel, asked.fact.source, asked.fact.vantage) if kernel else view


def _machine(view: View) -> View:
    """Return a VM of which no word is needed that it has a kernel of its own.

    Only libvirt declares containers as domains (its LXC driver), and says so.
    """
    target = view.context.target
    seen = view.context.fact(GUEST_KERNEL)
    if not target.dialect or target.dialect == _DOMAINS or isinstance(seen, Seen):
        return view
    fact = Fact(GUEST_KERNEL, "guest", "such a file declares a VM", Vantage.DECLARED)
    return view._replace(given={GUEST_KERNEL: fact})


def _kernel(runtime: str) -> str:
    for pattern, kernel in ((_GUEST, "guest"), (_SENTRY, "sentry"), (_HOST, "host")):
        if pattern.fullmatch(runtime):
            return kernel
    return ""


def _with(view: View, kernel: str, source: str, vantage: Vantage) -> View:
    return view._replace(given={KERNEL: Fact(KERNEL, kernel, source, vantage)})
