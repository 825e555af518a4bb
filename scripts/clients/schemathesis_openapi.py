#!/usr/bin/env python3
"""schemathesis sends what /openapi.json describes, and what it forbids: the server must answer as it says there."""

import os
import pathlib
import subprocess
import sys

from server import Server, check

CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
          "response_headers_conformance", "unsupported_method", "allow_header_conformance"]

with Server("--queue-length", "10000", "--client-queue-length", "10000") as server:
    command = [pathlib.Path(sys.executable).parent / "schemathesis", "run", f"{server.url}/openapi.json",
               # Messages of gRPC-web are no text, and OpenAPI does not describe them.
               "--exclude-path-regex", "^/gooseai",
               "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing", "--max-examples", "10", "--seed", "1",
               "--generation-database", "none", "--continue-on-failure", "--suppress-health-check", "all",
               "--request-timeout", "60", "--no-color", *sys.argv[1:]]
    result = subprocess.run(command, env=os.environ | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks"}, cwd=os.environ["WORK"])
    check(result.returncode == 0, "the server does what its document says")
    check(server.figure("pictures_total") > 20, f"{server.figure('pictures_total'):.0f} pictures were drawn meanwhile")
