"""What a compose service leaves on the engine's disk, and how often it is started again.

Sources: the Compose specification, chapters services and deploy; docs.docker.com (log drivers,
storage options, restart policies); docker compose's own code for which restart policy counts.
"""

from __future__ import annotations

from collections.abc import Iterator

from isoaudit.probes.compose.service import ENGINE_DEFAULT, FOLLOW, Service, note
from isoaudit.probes.compose.values import UNSET, Word, number, size, word
from isoaudit.probes.defaults import BOUNDED_LOG_DRIVERS

_STORAGE = "container.storage.limit"
_SCRATCH = "container.storage.scratch_volumes"
_DRIVER, _BOUNDED = "container.log.driver", "container.log.bounded"
_RESTART, _RETRIES = "container.restart", "container.restart_retries"
_CONDITIONS = {"none": "no", "any": "always"}
_POLICY = ("deploy", "restart_policy")


def note_storage(service: Service) -> None:
    """Note the limit of the writable layer, scratch volumes, the log and the restart policy."""
    _note_layer(service)
    _note_scratch(service)
    _note_log(service)
    _note_restart(service)


def _note_layer(service: Service) -> None:
    said = service.word("storage_opt", "size")
    if said is None:
        remark = f"no {service.key('storage_opt')} size: {ENGINE_DEFAULT}"
        service.facts.default(f"{_STORAGE}.set", False, remark)
    elif said.depends:
        service.facts.unknown(f"{_STORAGE}.set", said.open, FOLLOW)
    else:
        service.facts.say(f"{_STORAGE}.set", True, said.node)
        service.facts.say(f"{_STORAGE}.bytes", size(said), said.node)


def _note_scratch(service: Service) -> None:
    found = list(_anonymous(service))
    if found:
        where = tuple(sorted(said.text for said in found))
        note(service.facts, _SCRATCH, where, next((s for s in found if s.depends), found[0]))
    else:
        remark = f"no volume without a name, unless the image declares one: {ENGINE_DEFAULT}"
        service.facts.default(_SCRATCH, (), remark)


def _anonymous(service: Service) -> Iterator[Word]:
    """Yield where a volume without a name is mounted: the engine makes a new one for it."""
    volumes = service.get("volumes")
    for entry in volumes.elements() if volumes is not None else []:
        if not entry.is_map:
            said = word(entry)
            if ":" not in said.text and said.text.strip(UNSET):
                yield said
            continue
        kind, source, target = (entry.get(key) for key in ("type", "source", "target"))
        is_volume = kind is None or word(kind).text == "volume"
        if is_volume and source is None and target is not None:
            yield word(target)


def _note_log(service: Service) -> None:
    """Note the log driver and whether its log is bounded: else the engine's own setting holds."""
    facts = service.facts
    driver = service.word("logging", "driver") or service.word("log_driver")
    largest = service.word("logging", "options", "max-size") or service.word("log_opt", "max-size")
    default = service.origin.log_driver
    remark = f"no {service.key('logging driver')}: {ENGINE_DEFAULT}"
    if driver is None and not default:
        facts.unknown(_DRIVER, f"{remark}, which its configuration names")
    elif driver is None:
        facts.default(_DRIVER, default, f"{remark}, unless daemon.json names another")
    else:
        note(facts, _DRIVER, driver.text, driver)
    name = default if driver is None else driver.text
    if not name:
        facts.unknown(_BOUNDED, "which log driver that is, the engine's configuration names")
    elif driver is not None and driver.depends:
        facts.unknown(_BOUNDED, driver.open, FOLLOW)
    elif driver is not None and name in BOUNDED_LOG_DRIVERS:
        facts.say(_BOUNDED, True, driver.node)
    elif driver is not None and name not in {"json-file", "k8s-file"}:
        facts.unknown(_BOUNDED, f"what the log driver {name} keeps is not known")
    elif largest is not None:
        text = largest.text.strip()
        endless = text.startswith("-") or (largest.known and size(largest) == 0)
        note(facts, _BOUNDED, not endless, largest)
    else:
        remark = f"no max-size in {service.key('logging.options')}: {ENGINE_DEFAULT}"
        remark = f"{remark}, unless daemon.json sets one"
        facts.default(_BOUNDED, False, remark)


def _note_restart(service: Service) -> None:
    """Note the restart policy; the one under `deploy` counts if there are two."""
    if service.get(*_POLICY) is not None:
        _note_deployed(service)
        return
    said, facts = service.word("restart"), service.facts
    if said is None:
        for path, value in ((_RESTART, "no"), (_RETRIES, 0)):
            facts.default(path, value, f"no {service.key('restart')}: {ENGINE_DEFAULT}")
        return
    name, _, retries = said.text.partition(":")
    note(facts, _RESTART, name, said)
    count = number(said.part(retries)) if retries and said.known else 0
    note(facts, _RETRIES, count, said)


def _note_deployed(service: Service) -> None:
    facts, policy = service.facts, service.get(*_POLICY)
    condition = service.word(*_POLICY, "condition")
    attempts = service.word(*_POLICY, "max_attempts")
    if condition is not None:
        name = _CONDITIONS.get(condition.text, condition.text)
        note(facts, _RESTART, name, condition)
    elif policy is not None:
        facts.say(_RESTART, "always", policy, "no condition: any")
    if attempts is not None:
        note(facts, _RETRIES, number(attempts) if attempts.known else 0, attempts)
    elif policy is not None:
        facts.say(_RETRIES, 0, policy, "no max_attempts: no end")
