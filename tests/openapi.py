"""openapi.py -- docs/openapi.yaml as the tests use it: checks what gongd says against the file's
schemas, strictly, and notes every field that was shown."""
import os
import re

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KNOWN = {"$ref", "type", "properties", "required", "additionalProperties", "unevaluatedProperties", "items",
         "enum", "anyOf", "allOf", "minimum", "maximum", "maxLength", "pattern", "format", "description",
         "default", "x-status"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int,
         "number": (int, float), "null": type(None)}


OWN = (404, 409, 410, 412, 422, 429)      # refusals that an operation lists itself


class Unlike(AssertionError):
    """The answer is not as the file says."""


def is_type(value, name):
    return isinstance(value, TYPES[name]) and (not isinstance(value, bool) or name == "boolean")


class File:
    def __init__(self, path=os.path.join(ROOT, "docs/openapi.yaml")):
        with open(path, encoding="utf-8") as f:
            self.doc = yaml.load(f, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.shown = set()          # (schema's own name, field, ...) that an answer had
        self.statuses = set()       # (operation, status) that were given
        self.patterns = [(re.compile("%s$" % re.sub(r"\{\w+\}", "[^/]+", path)), path)
                         for path in self.doc["paths"]]

    def resolve(self, node):
        while "$ref" in node:
            found = self.doc
            for part in node["$ref"][2:].split("/"):
                found = found[part]
            node = found
        return node

    def operations(self):
        """(METHOD, path) -> operation, the path's own parameters among its parameters."""
        for path, item in self.doc["paths"].items():
            for method, operation in item.items():
                if method != "parameters":
                    known = [self.resolve(p) for p in item.get("parameters", []) +
                             operation.get("parameters", [])]
                    yield (method.upper(), path), dict(operation, parameters=known)

    def operation(self, method, address):
        """The path that the address is of, and its operation; None: the file has none such."""
        for pattern, path in self.patterns:
            if pattern.match(address):
                found = self.doc["paths"][path].get(method.lower())
                return (path, found) if found else None
        return None

    # -- schemas --

    def whole(self, schema, name):
        """With everything of its allOf: (schema, fields as name -> (owner, schema), required, open)."""
        name = schema["$ref"].rsplit("/", 1)[1] if "$ref" in schema else name
        schema = self.resolve(schema)
        fields = {f: (name, s) for f, s in schema.get("properties", {}).items()}
        required = set(schema.get("required", []))
        for part in schema.get("allOf", []):
            _, more, needed, _ = self.whole(part, name)
            fields.update(more)
            required |= needed
        extra = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
        return schema, fields, required, extra

    def check(self, value, schema, name="", at="", shown=None):
        """Raises Unlike; `shown` takes the fields that are there."""
        shown = self.shown if shown is None else shown
        name = schema["$ref"].rsplit("/", 1)[1] if "$ref" in schema else name
        schema, fields, required, extra = self.whole(schema, name)
        assert not set(schema) - KNOWN, "words that the tests do not check: %s" % (set(schema) - KNOWN)
        if "anyOf" in schema:
            return self.any_of(value, schema["anyOf"], name, at, shown)
        types = schema.get("type", "object" if "allOf" in schema else None)
        types = types if isinstance(types, list) else [types]
        if types == [None] and not fields:
            return None                 # anything
        if types != [None] and not any(is_type(value, t) for t in types):
            raise Unlike("%s is %r, not %s (%s)" % (at or "/", value, " or ".join(types), name))
        self.check_value(value, schema, name, at)
        if isinstance(value, dict):
            self.members(value, fields, required, extra, name, at, shown)
        for i, item in enumerate(value if isinstance(value, list) else ()):
            self.check(item, schema["items"], name + "[]", "%s/%d" % (at, i), shown)

    def any_of(self, value, schemas, name, at, shown):
        faults = []
        for one in schemas:
            seen = set()
            try:
                self.check(value, one, name, at, seen)
            except Unlike as e:
                faults.append(str(e))
                continue
            shown |= seen
            return
        raise Unlike("; nor ".join(faults))

    @staticmethod
    def check_value(value, schema, name, at):
        if "enum" in schema and value not in schema["enum"]:
            raise Unlike("%s: %r is no word of %s" % (at, value, name))
        if value is None or isinstance(value, bool):
            return
        if isinstance(value, (int, float)) and not (
                schema.get("minimum", value) <= value <= schema.get("maximum", value)):
            raise Unlike("%s: %r is out of %s's range" % (at, value, name))
        if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
            raise Unlike("%s: %r does not look like %s" % (at, value, name))

    def members(self, value, fields, required, extra, name, at, shown):
        for field, item in value.items():
            here = "%s/%s" % (at, field)
            if field in fields:
                owner, schema = fields[field]
                shown.add((owner, field))
                self.check(item, schema, "%s.%s" % (owner, field), here, shown)
            elif extra is False:
                raise Unlike("%s: docs/openapi.yaml knows no such field of %s" % (here, name))
            elif isinstance(extra, dict):
                self.check(item, extra, name + "{}", here, shown)
        if required - set(value):
            raise Unlike("%s lacks %s of %s" % (at or "/", sorted(required - set(value)), name))

    def all_fields(self, schema, name="", seen=None):
        """Every (owner, field) that a value of the schema could have."""
        seen = set() if seen is None else seen
        if "$ref" in schema:
            if schema["$ref"] in seen:
                return set()
            seen.add(schema["$ref"])
        name = schema["$ref"].rsplit("/", 1)[1] if "$ref" in schema else name
        schema, fields, _, extra = self.whole(schema, name)
        found = set()
        for field, (owner, inner) in fields.items():
            found.add((owner, field))
            found |= self.all_fields(inner, "%s.%s" % (owner, field), seen)
        for inner in schema.get("anyOf", []):
            found |= self.all_fields(inner, name, seen)
        if "items" in schema:
            found |= self.all_fields(schema["items"], name + "[]", seen)
        if isinstance(extra, dict):
            found |= self.all_fields(extra, name + "{}", seen)
        return found

    def request(self, operation):
        """The schema of its JSON body; None: it has none."""
        body = self.resolve(operation.get("requestBody", {})).get("content", {})
        return body.get("application/json", {}).get("schema")

    # -- answers --

    def content(self, operation, status):
        """media type -> schema of that answer, and whether it is listed by its status."""
        responses = operation["responses"]
        answer = self.resolve(responses.get(str(status)) or responses["default"])
        return answer["content"], str(status) in responses

    def saw(self, method, address, status, kind, body, sent=None):
        """An answer of gongd to a request: raises Unlike unless the file says so, of both."""
        if not re.match(r"/(v1|metrics|health)(/|$|\?)", address):
            return              # a file of the console
        kind = (kind or "").split(";")[0]
        found = self.operation(method, address.split("?")[0])
        if method == "HEAD":
            return              # as a GET, without the body
        if kind == "application/problem+json":
            schema = {"$ref": "#/components/schemas/Problem"}
            self.check(body, schema)
            assert body["status"] == status == self.status_of(body["kind"]), (address, status, body)
        if not found:
            if status not in (400, 401, 404, 405, 501, 505):
                raise Unlike("%s %s: no such address in docs/openapi.yaml" % (method, address))
            return
        path, operation = found
        content, listed = self.content(operation, status)
        self.statuses.add((operation["operationId"], status))
        if (status < 300 or status in OWN) and not listed:
            raise Unlike("%s %s: status %d is not in the file" % (method, path, status))
        if "*/*" in content:
            return
        # What another system sends is no business of the file's.
        if status < 300 and isinstance(sent, dict) and self.request(operation) is not None:
            self.check(sent, self.request(operation), "request of " + operation["operationId"], "", set())
        if kind not in content:
            raise Unlike("%s %s: %s is not in the file" % (method, path, kind))
        if kind == "application/json":
            try:
                self.check(body, content[kind]["schema"])
            except Unlike as e:
                raise Unlike("%s %s: %s" % (method, path, e)) from None

    def status_of(self, kind):
        return self.doc["components"]["schemas"]["ProblemKind"]["x-status"][kind]
