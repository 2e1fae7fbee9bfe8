"""Turn an OpenAPI document on standard input into Markdown on standard output.

`curl -s http://127.0.0.1:8000/openapi.json | python -m talkies.server.write_reference > docs/api.md`
"""

from __future__ import annotations

import json
import sys

from talkies.server.reference import to_markdown

if __name__ == "__main__":
    sys.stdout.write(to_markdown(json.load(sys.stdin)))
