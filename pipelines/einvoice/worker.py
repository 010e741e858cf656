"""A process of its own that runs the official rules and opens PDFs: python -m pipelines.einvoice.worker.

A crash, hang or leak of an XSLT processor or PDF library that meets a hostile file ends this process and
not the run: `checking` starts another one and the file is told as not checked. Reads one JSON object per
line from standard input, writes one per line to standard output.

    {"do": "check", "ruleset": "en16931_ubl", "xml": "<Invoice …"}  ->  {"findings": [[rule, flag, location, text], …]}
    {"do": "extract", "path": "/…/a.pdf"}                           ->  {"name": "factur-x.xml", "content": base64}
                                                                    or  {"refused": reason}
"""

import base64
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from lxml import etree

from pipelines.einvoice.pdf import UnreadablePdf, embedded_invoice
from pipelines.einvoice.rulesets import PEPPOL_UBL, artefact, schema

_NAMESPACE = re.compile(r"\*:|\[namespace-uri\(\)='[^']*'\]|Q\{[^}]*\}")
_FATAL = {"fatal", "error"}
STRUCTURE = "XML-SCHEMA"  # as validators call it: no rule has this number
_MOST_ERRORS = 20


class Rules:
    """The compiled rules of this process."""

    def __init__(self) -> None:
        from saxonche import PySaxonProcessor

        self._processor = PySaxonProcessor(license=False)
        self._compiled: dict[str, Any] = {}
        self._schemas: dict[str, etree.XMLSchema | None] = {}

    def findings(self, ruleset: str, xml: str) -> list[list[str]]:
        """[rule, severity, location, text] of every assertion that fails, in document order."""
        if ruleset not in self._compiled:
            compiler = self._processor.new_xslt30_processor()
            self._compiled[ruleset] = compiler.compile_stylesheet(stylesheet_file=str(artefact(ruleset)))
        structure = self._structure(ruleset, xml)
        node = self._processor.parse_xml(xml_text=xml)
        try:
            report = self._compiled[ruleset].transform_to_string(xdm_node=node)
        except Exception as error:
            # The rules presuppose the schema: two totals where one may stand end them with a type error.
            if structure:
                return structure
            return [
                [STRUCTURE, "fatal", "", f"the rules cannot be applied to this structure: {str(error)[:300]}"]
            ]
        result = etree.fromstring(report.encode(), etree.XMLParser(huge_tree=True, resolve_entities=False))
        return structure + [_finding(part) for part in result.iter("{*}failed-assert")]

    def _structure(self, ruleset: str, xml: str) -> list[list[str]]:
        """What the schema of UBL 2.1 or CII refuses; asked once, beside the rules of EN 16931."""
        if ruleset == PEPPOL_UBL:
            return []
        root = etree.fromstring(xml.encode(), etree.XMLParser(huge_tree=True, resolve_entities=False))
        name = etree.QName(root).localname
        if name not in self._schemas:
            path = schema(name)
            self._schemas[name] = None if path is None else etree.XMLSchema(file=str(path))
        structure = self._schemas[name]
        if structure is None:
            return []
        structure.validate(root)
        return [
            [STRUCTURE, "fatal", f"line {entry.line}", re.sub(r"\{[^}]*\}", "", entry.message)[:500]]
            for entry in list(structure.error_log)[:_MOST_ERRORS]
        ]


def _finding(part: etree._Element) -> list[str]:
    rule, flag = part.get("id") or "", (part.get("flag") or part.get("role") or "fatal").lower()
    text = " ".join("".join(part.itertext()).split())
    named = re.match(r"\[([A-Za-z0-9-]+)\]\s*-?\s*", text)
    if named:
        rule = rule or named[1]
        text = text[named.end() :]
    severity = "fatal" if flag in _FATAL else "warning" if flag == "warning" else "information"
    return [rule, severity, _NAMESPACE.sub("", part.get("location") or ""), text]


def answer(request: dict[str, Any], rules: Rules | None) -> dict[str, Any]:
    if request["do"] == "check":
        assert rules is not None
        return {"findings": rules.findings(request["ruleset"], request["xml"])}
    try:
        name, content = embedded_invoice(Path(request["path"]))
    except UnreadablePdf as error:
        return {"refused": str(error)}
    return {"name": name, "content": base64.b64encode(content).decode()}


def main() -> None:
    # What a library prints must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    rules: Rules | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "check" and rules is None:
                rules = Rules()
            result = answer(request, rules)
        except Exception as error:
            # Whatever a library does with a file, the next file has a right to be read.
            result = {"failed": f"{type(error).__name__}: {error}"[:500]}
        answers.write(json.dumps(result) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
