"""Whole runs: a stage that fails fails its test."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def no_stage_may_fail():
    """A run by itself goes on without a stage that failed, and says so in its report."""
    from separatrix import plan

    run_stages = plan.run_stages

    def checked(*arguments):
        done = run_stages(*arguments)
        told = done["analyses"]
        failed = {str(n): str(told.why_not(n)) for n in told.analysis[told.outcome == "failed"]}
        assert not failed, failed
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "run_stages", checked)
        yield
