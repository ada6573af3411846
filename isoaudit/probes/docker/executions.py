"""The exec sessions of a container: what somebody started in it beside its main process.

Source: Docker Engine API (ExecIDs of ContainerInspect, ExecInspect). Engines keep sessions that
ended for some minutes; those are no processes any more.
"""

from __future__ import annotations

from isoaudit.model import Missing, Reason, Record, Vantage
from isoaudit.probes.docker.answer import Answer
from isoaudit.probes.docker.options import EngineDefaults, SecurityOptions
from isoaudit.probes.docker.process import exec_record
from isoaudit.transports import EngineApi, Unreadable

MAX_SESSIONS = 50
"""Most sessions asked about in one container: each is a request of its own."""


def exec_records(
    api: EngineApi, inspect: Answer, options: SecurityOptions, defaults: EngineDefaults
) -> tuple[list[Record], Missing | None]:
    """Return a record for each session that runs, and why there may be more of them."""
    ids = inspect.names("ExecIDs")
    if ids is None:
        detail = f"{inspect.bare('ExecIDs')} is not in the engine's answer"
        return [], Missing("process", Reason.NOT_SUPPORTED, detail, "", Vantage.ENGINE)
    records: list[Record] = []
    incomplete: Missing | None = None
    if len(ids) > MAX_SESSIONS:
        detail = f"{len(ids)} exec sessions: only {MAX_SESSIONS} are asked about"
        incomplete = Missing("process", Reason.LIMIT, detail, "", Vantage.ENGINE)
    for number, session in enumerate(ids[:MAX_SESSIONS]):
        try:
            answer = Answer(api.execution(session), f"ExecIDs[{number}]", inspect.engine)
        except Unreadable as error:
            # One that is gone has ended.
            if error.reason is not Reason.VANISHED:
                incomplete = error.missing("process", Vantage.ENGINE)
            continue
        if answer.flag("Running") is not False:
            records.append(exec_record(inspect, answer, options, defaults))
    return records, incomplete
