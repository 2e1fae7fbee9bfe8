"""The whole API against its own description: generated requests, one after another and in sequences.

`make test` sends few examples to each operation. For many: `SCHEMATHESIS_EXAMPLES=300 pytest
tests/acceptance/test_schemathesis.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from tests.acceptance.conftest import API_KEY, Service, picture_url

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "8"))  # of each operation
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
LONGEST_S = 60 + 60 * EXAMPLES
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
    "ignored_auth",
)


def focused(document: dict[str, Any]) -> dict[str, Any]:
    """Narrow the free texts that would nearly always be refused, so that requests get further."""
    for path, item in document["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                if path.startswith("/api/v1/{"):
                    narrow(parameter, {"provider": ["talkies"], "model": ["fast"]})
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            body.pop("examples", None)
            fields = body.get("schema", {}).get("properties", {})
            for name in ("first_frame_image", "last_frame_image"):
                if name in fields:
                    fields[name] = {"anyOf": [{"enum": [picture_url()]}, {"type": "null"}]}
            if "callback_url" in fields:
                fields["callback_url"] = {"type": "null"}
    return document


def narrow(parameter: dict[str, Any], values: dict[str, list[Any]]) -> None:
    if parameter["name"] in values:
        parameter["schema"] = {"enum": values[parameter["name"]]}


def test_every_answer_to_generated_requests_is_a_documented_one(service: Service, tmp_path: Path) -> None:
    service.start("--workers", "1", requests_per_minute=10_000_000)
    description = tmp_path / "openapi.json"
    document = focused(httpx.get(f"{service.url}/openapi.json").json())
    description.write_text(json.dumps(document), encoding="utf-8")

    run = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            str(description),
            f"--url={service.url}",
            f"--header=Authorization: Bearer {API_KEY}",
            f"--checks={','.join(CHECKS)}",
            f"--max-examples={EXAMPLES}",
            f"--seed={SEED}",
            "--continue-on-failure",
            "--suppress-health-check=all",
            "--no-color",
            "--warnings=off",
            "--workers=1",  # with threads, Python 3.11's parser fails now and then: python/cpython#106905
            "--request-timeout=60",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )

    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
    assert service.is_running
