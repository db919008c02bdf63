#!/usr/bin/env python3
"""Passes requests on to a Hetzner API and checks each, and each answer, against its description.

usage: oracle.py DESCRIPTION LATER UPSTREAM [requests]
DESCRIPTION is Hetzner's openapi.json, LATER a file of known later differences, UPSTREAM the API's
address with its version. Requests are only checked when that is asked for: Hetzner's own clients send
what it takes, which is more than it describes. Prints ENDPOINT=…, serves until its standard input ends, then prints every
finding once and ends with 1 if there were any.
"""

import http.server
import json
import re
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

import jsonschema

METHODS = ("get", "post", "put", "delete")
PASSED = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "content-type", "link", "x-correlation-id")


class Description:
    """The paths of the description, and what may differ."""

    def __init__(self, path, later):
        with open(path, encoding="utf-8") as file:
            self.whole = json.load(file)
        with open(later, encoding="utf-8") as file:
            self.later = [line.split("#")[0].strip() for line in file]
        self.later = [re.compile(line) for line in self.later if line]
        self.routes = []
        for text, operations in self.whole["paths"].items():
            pattern = re.sub(r"\{[^}]+\}", "([^/]+)", text)
            # Fixed words win over placeholders.
            self.routes.append((text.count("{"), re.compile(f"^{pattern}$"), text, operations))
        self.routes.sort(key=lambda route: route[0])
        self.findings = {}
        self.checked = 0
        self.lock = threading.Lock()

    def deref(self, node):
        while isinstance(node, dict) and "$ref" in node:
            found = self.whole
            for part in node["$ref"].split("/")[1:]:
                found = found[part.replace("~1", "/")]
            node = found
        return node

    def operation(self, method, path):
        for _, pattern, text, operations in self.routes:
            if pattern.match(path) and method in operations:
                return text, operations[method], operations
        return None

    def found(self, where, what):
        line = f"{where}: {what}"
        if any(later.search(line) for later in self.later):
            return
        with self.lock:
            self.findings[line] = self.findings.get(line, 0) + 1

    def check(self, where, schema, value):
        with self.lock:
            self.checked += 1
        # References are resolved against the whole document.
        schema = {**self.deref(schema), "components": self.whole.get("components", {})}
        validator = jsonschema.Draft202012Validator(schema)
        for error in validator.iter_errors(value):
            place = re.sub(r"/\d+", "/*", "/" + "/".join(str(part) for part in error.absolute_path))
            said = re.sub(r"\d{4,}", "N", error.message)
            self.found(where, f"{place}: {said[:300]}")

    def request(self, method, path, query, body):
        if "requests" not in sys.argv[4:]:
            return
        found = self.operation(method, path)
        if not found:
            self.found(f"{method} {path}", "no such operation")
            return
        text, operation, operations = found
        where = f"request {method} {text}"
        parameters = operations.get("parameters", []) + operation.get("parameters", [])
        known = {self.deref(p)["name"]: self.deref(p) for p in parameters}
        for key, values in urllib.parse.parse_qs(query, keep_blank_values=True).items():
            parameter = known.get(key)
            if not parameter:
                self.found(where, f"?{key}: unknown parameter")
                continue
            schema = self.deref(parameter["schema"])
            inner = self.deref(schema["items"]) if schema.get("type") == "array" else schema
            for value in values:
                if inner.get("type") == "integer":
                    value = int(value) if value.isdigit() else value
                elif inner.get("type") == "boolean":
                    value = {"true": True, "false": False}.get(value, value)
                self.check(f"{where} ?{key}", inner, value)
        content = self.deref(operation.get("requestBody", {})).get("content", {})
        if body and content:
            try:
                self.check(where, content["application/json"]["schema"], json.loads(body))
            except ValueError:
                self.found(where, "no JSON")

    def answer(self, method, path, status, body):
        found = self.operation(method, path)
        if not found:
            return
        text, operation, _ = found
        where = f"answer {method} {text} {status}"
        responses = operation["responses"]
        response = self.deref(responses.get(str(status)) or responses.get(f"{str(status)[0]}xx"))
        if response is None:
            self.found(where, "no such status")
            return
        content = response.get("content", {})
        if not content:
            if body:
                self.found(where, "a body where there is none")
            return
        try:
            value = json.loads(body)
        except ValueError:
            self.found(where, "no JSON")
            return
        schema = content["application/json"]["schema"]
        self.check(where, schema, value)
        self.unknown(where, schema, value, "")

    def properties(self, schema, value):
        """Every property that the schema knows, through its combinations."""
        schema = self.deref(schema)
        known = dict(schema.get("properties", {}))
        is_open = not known and "oneOf" not in schema and "allOf" not in schema and "anyOf" not in schema
        is_open = is_open or bool(schema.get("additionalProperties"))
        for part in schema.get("allOf", []) + schema.get("anyOf", []) + schema.get("oneOf", []):
            inner, open_too = self.properties(part, value)
            for key, found in inner.items():
                # What combinations say differently of one property is known from any of them.
                known[key] = {"anyOf": [known[key], found]} if key in known else found
            is_open = is_open or (open_too and not inner)
        return known, is_open

    def unknown(self, where, schema, value, place):
        """Properties that the description does not have."""
        schema = self.deref(schema)
        if isinstance(value, list) and "items" in schema:
            for item in value:
                self.unknown(where, schema["items"], item, f"{place}/*")
        elif isinstance(value, dict):
            known, is_open = self.properties(schema, value)
            for key, inner in value.items():
                if key in known:
                    self.unknown(where, known[key], inner, f"{place}/{key}")
                elif not is_open:
                    self.found(where, f"{place}: unknown property {key}")


def handler(description, upstream):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def handle_any(self):
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length)
            path, _, query = self.path.partition("?")
            inner = path.removeprefix("/v1")
            method = self.command.lower()
            description.request(method, inner, query, body)
            request = urllib.request.Request(upstream + inner + ("?" + query if query else ""), method=self.command)
            if body:
                request.data = body
                request.add_header("content-type", "application/json")
            if "authorization" in self.headers:
                request.add_header("authorization", self.headers["authorization"])
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    status, headers, text = answer.status, answer.headers, answer.read()
            except urllib.error.HTTPError as error:
                status, headers, text = error.code, error.headers, error.read()
            description.answer(method, inner, status, text)
            self.send_response(status)
            for name in PASSED:
                if name in headers:
                    self.send_header(name, headers[name])
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

    return Handler


def main():
    description = Description(sys.argv[1], sys.argv[2])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(description, sys.argv[3]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"ENDPOINT=http://127.0.0.1:{server.server_port}/v1", flush=True)
    sys.stdin.read()
    print(f"checked {description.checked}", flush=True)
    for line, count in sorted(description.findings.items()):
        print(f"{count}x {line}")
    return 1 if description.findings or not description.checked else 0


if __name__ == "__main__":
    sys.exit(main())
