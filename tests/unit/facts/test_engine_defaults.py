"""What a file leaves to its engine: settled by that engine's own settings, and by nothing else."""

from __future__ import annotations

import pytest

from isoaudit.facts.engine_defaults import ENGINE_DEFAULT, with_engine_defaults
from isoaudit.model import Fact, FactSet, Location, Missing, Part, Reason, Record, Value, Vantage
from isoaudit.probes.compose import service

HERE = Location("engine default/compose.yaml", 3, 5)


def declared(path: str, value: Value, remark: str = "") -> Fact:
    place = f"{HERE.file}:3:5"
    source = f"{place} ({remark})" if remark else place
    return Fact(path, value, source, Vantage.DECLARED, HERE)


def engine(path: str, value: Value) -> Record:
    return Record.of([Fact(path, value, "info", Vantage.ENGINE)])


def process(facts: FactSet) -> Record:
    return facts.parts["process"][0].records[0]


def with_process(fact: Fact, *missing: Missing, own: tuple[Fact, ...] = ()) -> FactSet:
    record = Record.of([fact], missing)
    return FactSet.of(own, [Part("process", Vantage.DECLARED, (record,))])


def test_compose_writes_the_words_that_are_looked_for() -> None:
    """Else no default would ever be settled."""
    assert ENGINE_DEFAULT == service.ENGINE_DEFAULT


def test_a_default_gives_way_to_the_engines_setting() -> None:
    """The source tells both, and the value stays declared: no kernel has shown it."""
    said = declared("process.no_new_privileges", False, f"no such option: {ENGINE_DEFAULT}")

    seen = process(with_engine_defaults(with_process(said),
                                        engine("engine.no_new_privileges", True)))  # fmt: skip

    found = seen.facts["process.no_new_privileges"]
    assert (True, Vantage.DECLARED, HERE) == (found.value, found.vantage, found.location)
    assert f"{said.source}; engine.no_new_privileges: info" == found.source


def test_a_word_of_the_file_stands_whatever_its_path_is_called() -> None:
    """The remark behind the place is what counts: names of folders are anybody's."""
    said = declared("process.no_new_privileges", False)

    facts = with_engine_defaults(with_process(said), engine("engine.no_new_privileges", True))

    assert said == process(facts).facts["process.no_new_privileges"]


def test_a_setting_that_was_not_read_changes_nothing() -> None:
    """What neither file nor engine tells stays as it is."""
    said = declared("process.no_new_privileges", False, ENGINE_DEFAULT)
    silent = Record.of((), [Missing("engine.no_new_privileges", Reason.NOT_SUPPORTED)])

    assert said == process(with_engine_defaults(with_process(said), silent)).facts[said.path]


@pytest.mark.parametrize(("word", "status"), [("private", "private"), ("host", "host")])
def test_what_was_missing_is_settled_where_nothing_was_asked_for(word: str, status: str) -> None:
    """The reason why it was missing goes."""
    path = "process.namespaces.cgroup"
    lacking = Missing(path, Reason.NOT_DECLARED, "the engine decides", "", Vantage.DECLARED)
    asked = declared("container.cgroup_namespace", "default")
    facts = with_process(declared("process.main", True), lacking, own=(asked,))

    seen = process(with_engine_defaults(facts, engine("engine.default_cgroup_namespace", word)))

    assert status == seen.facts[path].value
    assert {} == seen.missing


def test_what_is_missing_for_another_reason_stays_missing() -> None:
    """A variable that is not set is no default."""
    path = "process.namespaces.cgroup"
    lacking = Missing(path, Reason.NOT_DECLARED, "depends on $X", "", Vantage.DECLARED)
    facts = with_process(declared("process.main", True), lacking)

    seen = process(with_engine_defaults(facts, engine("engine.default_cgroup_namespace", "host")))

    assert {path: lacking} == seen.missing


def test_an_engine_that_remaps_nobody_proves_nothing_new() -> None:
    """The host's user namespace is what the file's probe took for the default."""
    said = declared("process.user_namespace", "host", f"no userns_mode: {ENGINE_DEFAULT}")

    facts = with_engine_defaults(with_process(said), engine("engine.user_namespace_remap", False))

    assert said == process(facts).facts[said.path]


@pytest.mark.parametrize(
    ("word", "profile", "mode"),
    [("default", "default", "filter"), ("custom", "custom", "filter"),
     ("unconfined", "unconfined", "disabled"), ("unavailable", "unconfined", "disabled")],
)  # fmt: skip
def test_seccomp_is_what_the_engine_gives(word: str, profile: str, mode: str) -> None:
    """A kernel or engine without it leaves containers unconfined."""
    own = declared("container.seccomp.profile", "default", ENGINE_DEFAULT)
    said = declared("process.seccomp.mode", "filter", ENGINE_DEFAULT)

    facts = with_engine_defaults(with_process(said, own=(own,)),
                                 engine("engine.seccomp_default", word))  # fmt: skip

    assert profile == facts.facts["container.seccomp.profile"][0].value
    assert mode == process(facts).facts["process.seccomp.mode"].value


def test_a_value_in_doubt_stays_in_doubt() -> None:
    """Where an option that is not known may have taken it back, no default makes it firm."""
    said = declared("process.no_new_privileges", False, ENGINE_DEFAULT)
    doubt = Missing(said.path, Reason.NOT_DECLARED, "an unknown option", "", Vantage.ENGINE)

    seen = process(with_engine_defaults(with_process(said, doubt),
                                        engine("engine.no_new_privileges", True)))  # fmt: skip

    assert (said, doubt) == (seen.facts[said.path], seen.missing[said.path])


def test_what_was_asked_for_in_doubt_settles_nothing() -> None:
    """Neither of the target itself."""
    path, asked = "process.namespaces.cgroup", declared("container.cgroup_namespace", "default")
    lacking = Missing(path, Reason.NOT_DECLARED, "the engine decides", "", Vantage.DECLARED)
    doubt = Missing(asked.path, Reason.NOT_DECLARED, "an unknown option", "", Vantage.ENGINE)
    part = Part("process", Vantage.DECLARED, (Record.of([], [lacking]),))
    facts = FactSet.of([asked], [part], [doubt])

    seen = process(
        with_engine_defaults(facts, engine("engine.default_cgroup_namespace", "private"))
    )

    assert {path: lacking} == seen.missing
