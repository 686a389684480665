"""openapi/openapi.yaml is a valid OpenAPI document, by a checker that is not ours."""

import subprocess

from files import ROOT, report

REDOCLY = ROOT / "tools/npm/node_modules/.bin/redocly"


def problems():
    done = subprocess.run(
        [REDOCLY, "lint", "--extends=minimal", "--format=stylish", "openapi/openapi.yaml"], cwd=ROOT, text=True,
        stdin=subprocess.DEVNULL, capture_output=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "REDOCLY_TELEMETRY": "off",
             "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"})
    return (done.stdout + done.stderr).splitlines() if done.returncode else []


report({"the OpenAPI document is valid": problems()})
