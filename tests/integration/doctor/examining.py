"""What a checkup finds, as tests look at it."""

from collections.abc import Sequence

from skalds.ports.checkup import Checkup, Finding, Verdict


class Found:
    """The findings of one checkup by what they are about."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.by_check = {finding.check: finding for finding in findings}
        assert len(self.by_check) == len(findings)

    @property
    def verdicts(self) -> dict[str, str]:
        return {check: finding.verdict.value for check, finding in self.by_check.items()}

    @property
    def unwell(self) -> dict[str, Finding]:
        return {check: one for check, one in self.by_check.items() if one.verdict is not Verdict.OK}

    @property
    def last(self) -> Finding:
        return list(self.by_check.values())[-1]

    def the_only_one(self, verdict: Verdict) -> Finding:
        """The one finding that is not well; it says what to do."""
        assert len(self.unwell) == 1, self.unwell
        (finding,) = self.unwell.values()
        assert finding.verdict is verdict
        assert finding.fix
        return finding


async def examine(checkup: Checkup) -> Found:
    return Found([finding async for finding in checkup.findings()])
