"""Files for a hosted repository: their checks are the Makefile's, and they may do little."""

import itertools
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = {path.stem: path for path in (ROOT / ".github" / "workflows").iterdir()}
FORMS = {path.stem: path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").iterdir()}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
WEEKLY = re.search(r"(?m)^WEEKLY := (.*)$", MAKEFILE)[1].split()
TARGETS = {*re.findall(r"(?m)^([\w-]+):(?!=)", MAKEFILE)}


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs(name):
    return read(WORKFLOWS[name])["jobs"].values()


def steps(name):
    return [step for job in jobs(name) for step in job["steps"]]


def combinations(job):
    """Return the values of a job's matrix, one mapping for each of its runs."""
    matrix = dict(job.get("strategy", {}).get("matrix", {}))
    more = matrix.pop("include", [])
    return [
        dict(zip(matrix, values, strict=True)) for values in itertools.product(*matrix.values())
    ] + more


def commands(name):
    """Return what a workflow runs, with the values of its matrix filled in."""
    lines = []
    for job in jobs(name):
        for values, step in itertools.product(combinations(job), job["steps"]):
            fill = lambda match, values=values: values[match[1]]  # noqa: E731
            lines.append(re.sub(r"\$\{\{ matrix\.(\w+) \}\}", fill, step.get("run", "")))
    return [line for line in lines if line]


def targets(name):
    return {command.split()[1] for command in commands(name)}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_calls_targets_of_the_makefile_and_nothing_else(name):
    assert commands(name)
    for command in commands(name):
        made = re.fullmatch(r'make ([\w-]+)( TESTS="[\w/. ]+")?', command)
        assert made and made[1] in TARGETS, command


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_by_the_commit_and_say_the_version(name):
    text = WORKFLOWS[name].read_text(encoding="utf-8")
    pinned = re.findall(r"uses: ([\w./-]+@[0-9a-f]{40})  # v\d+\.\d+\.\d+$", text, re.MULTILINE)
    assert pinned == [step["uses"] for step in steps(name) if "uses" in step]


def test_an_action_has_one_version():
    used = {step["uses"] for name in WORKFLOWS for step in steps(name) if "uses" in step}
    assert len({action.partition("@")[0] for action in used}) == len(used)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_read_and_publishing_alone_identifies_itself(name):
    assert read(WORKFLOWS[name])["permissions"] == {"contents": "read"}
    allowed = {
        key: job["permissions"]
        for key, job in read(WORKFLOWS[name])["jobs"].items()
        if "permissions" in job
    }
    assert allowed == ({"publish": {"id-token": "write"}} if name == "release" else {})
    for step in steps(name):
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_says_that_it_was_never_run(name):
    assert WORKFLOWS[name].read_text(encoding="utf-8").startswith("# Written, never run here")


def test_nothing_is_published_but_what_was_built_and_tested():
    release = read(WORKFLOWS["release"])["jobs"]
    assert release["publish"]["needs"] == "build" and release["publish"]["environment"] == "pypi"
    assert not any("run" in step for step in release["publish"]["steps"])
    assert re.search(r"(?m)^test-dist: dist\b", MAKEFILE) and targets("release") == {"test-dist"}


def test_every_target_of_the_checks_is_hosted():
    checks = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    lines = re.findall(r"(?m)^make((?: --[\w-]+(?: \d)?)*)((?: [a-z][\w-]+)+)", checks)
    called = {target for _, targets in lines for target in targets.split()}
    assert called == targets("tests") | targets("docs")


def test_the_parts_of_make_weekly_are_hosted():
    assert targets("weekly") == set(WEEKLY)


def test_the_hook_before_a_commit_is_a_target_of_the_makefile():
    (repository,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    (hook,) = repository["hooks"]
    assert repository["repo"] == "local" and hook["entry"].split() == ["make", "lint"]


@pytest.mark.parametrize("name", sorted(FORMS.keys() - {"config"}))
def test_a_form_has_what_a_form_needs(name):
    form = read(FORMS[name])
    assert form["name"] and form["description"] and form["body"]
    fields = [field["id"] for field in form["body"]]
    assert len(set(fields)) == len(fields)
    assert all(field["attributes"]["label"] for field in form["body"])


def test_forms_ask_for_what_an_answer_needs():
    asked = {
        name: {field["id"] for field in read(FORMS[name])["body"] if "validations" in field}
        for name in ("bug", "false-claim")
    }
    assert asked["bug"] >= {"doctor", "script"}
    assert asked["false-claim"] >= {"sentence", "network", "dumber", "doctor"}
