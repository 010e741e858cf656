"""The sums of an invoice, recomputed in exact decimals: what each total should be, and what it is.

Source: EN 16931-1:2017, 6.4.2 (BR-CO-10 to BR-CO-17) and 6.4.3 (BR-S-08, BR-Z-09 ...).
The published Schematron decides whether a rule is broken (`rulesets`); it says so in words only, and the
amounts come from here. Where no rules are published (ZUGFeRD 1.0), the sums here decide, and less strictly:
`broken_alone` says how.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from pipelines.einvoice.model import Invoice, Row

_ZERO = Decimal(0)
_CENT = Decimal("0.01")
# VAT categories (UNTDID 5305 as EN 16931 restricts it) and the letters in the names of their rules.
FAMILIES = {
    "S": "S", "Z": "Z", "E": "E", "AE": "AE", "K": "IC", "G": "G", "O": "O", "L": "AF", "M": "AG",
}  # fmt: skip
_BY_RATE = {"S", "L", "M"}


class Sum(NamedTuple):
    """What a rule expects and what the document has. slack: a difference below it is not held against it.

    parts: how many amounts were added; 0 when the document states a total and none of its parts.
    """

    rule_id: str
    expected: Decimal
    found: Decimal
    place: str
    slack: Decimal = _ZERO
    parts: int = 1

    @property
    def is_broken(self) -> bool:
        difference = abs(self.expected - self.found)
        return difference >= self.slack if self.slack else difference != 0


def sums_of(invoice: Invoice) -> list[Sum]:
    """Every sum that the document allows to compute, in the order of the rules."""
    return [*_header_sums(invoice), *_tax_sums(invoice)]


def _header_sums(invoice: Invoice) -> Iterator[Sum]:
    header = invoice.header
    lines = {
        kind: [line["net_amount"] for line in invoice.lines if line["line_kind"] == kind]
        for kind in ("item", "allowance", "charge")
    }
    net = header["line_total_amount"]
    if lines["item"] and net is not None:
        expected = _rounded(_added(lines["item"]))
        yield Sum("BR-CO-10", expected, net, "sum of line net amounts (BT-106)", parts=len(lines["item"]))
    for rule, kind, sign, name, place in (
        ("BR-CO-11", "allowance", -1, "allowance_total_amount", "sum of allowances (BT-107)"),
        ("BR-CO-12", "charge", 1, "charge_total_amount", "sum of charges (BT-108)"),
    ):
        if lines[kind] or header[name] is not None:
            expected = _rounded(sign * _added(lines[kind])) + _ZERO  # no minus before nothing
            yield Sum(rule, expected, header[name] or _ZERO, place, parts=len(lines[kind]))
    if net is not None and header["net_amount"] is not None:
        expected = (
            net - (header["allowance_total_amount"] or _ZERO) + (header["charge_total_amount"] or _ZERO)
        )
        yield Sum("BR-CO-13", _rounded(expected), header["net_amount"], "total without VAT (BT-109)")
    if invoice.taxes and header["tax_amount"] is not None:
        expected = _added([tax["tax_amount"] for tax in invoice.taxes])
        yield Sum("BR-CO-14", _rounded(expected), header["tax_amount"], "total VAT (BT-110)")
    if header["net_amount"] is not None and header["gross_amount"] is not None:
        expected = header["net_amount"] + (header["tax_amount"] or _ZERO)
        yield Sum("BR-CO-15", _rounded(expected), header["gross_amount"], "total with VAT (BT-112)")
    if header["gross_amount"] is not None and header["payable_amount"] is not None:
        expected = (
            header["gross_amount"]
            - (header["prepaid_amount"] or _ZERO)
            + (header["rounding_amount"] or _ZERO)
        )
        yield Sum("BR-CO-16", _rounded(expected), header["payable_amount"], "amount due (BT-115)")


def _tax_sums(invoice: Invoice) -> Iterator[Sum]:
    for tax in invoice.taxes:
        taxable, amount, rate = tax["taxable_amount"], tax["tax_amount"], tax["tax_rate"]
        category = tax["tax_category"]
        named = f"VAT {category or '?'} {_percent(rate)}"
        computed = _rounded(taxable * (rate or _ZERO) / 100) if taxable is not None else None
        if computed is not None and amount is not None:
            yield Sum("BR-CO-17", computed, amount, f"{named}: VAT (BT-117)", slack=Decimal(1))
        family = FAMILIES.get(category or "")
        if family is None:
            continue
        if taxable is not None and any(line["line_kind"] == "item" for line in invoice.lines):
            has_categories = all(line["tax_category"] for line in invoice.lines)
            expected = _added(
                [
                    line["net_amount"]
                    for line in invoice.lines
                    if line["tax_category"] == category
                    and (category not in _BY_RATE or (line["tax_rate"] or _ZERO) == (rate or _ZERO))
                ]
            )
            slack = Decimal(1) if category in _BY_RATE else _ZERO
            place = f"{named}: taxable amount (BT-116)"
            yield Sum(f"BR-{family}-08", expected, taxable, place, slack, len(invoice.lines) * has_categories)
        if amount is not None and (category not in _BY_RATE or computed is not None):
            expected = computed if category in _BY_RATE and computed is not None else _ZERO
            slack = Decimal(1) if category in _BY_RATE else _ZERO
            yield Sum(f"BR-{family}-09", expected, amount, f"{named}: VAT (BT-117)", slack)


def broken_alone(sums: list[Sum]) -> Iterator[tuple[Sum, str]]:
    """Broken sums and their severity where no published rules decide.

    Older profiles leave out parts (BASIC has no allowances, SI-UBL no categories of lines), so a total without
    parts is not held against them. They round each part, and state nothing to pay where nothing is.
    """
    for part in sums:
        if not part.is_broken or part.parts == 0:
            continue
        is_rounding = abs(part.expected - part.found) <= part.parts * _CENT
        is_unstated = part.rule_id == "BR-CO-16" and part.found == 0
        yield part, "warning" if (is_rounding and part.parts > 1) or is_unstated else "fatal"


def _added(amounts: list[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), _ZERO)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _percent(rate: Decimal | None) -> str:
    return "" if rate is None else f"{rate.normalize():f}%"


def explained(rule_id: str, sums: list[Sum], nth: int) -> Sum | None:
    """The n-th broken sum of a rule: the Schematron names the rule, and here are its amounts."""
    broken = [part for part in sums if part.rule_id == rule_id and part.expected != part.found]
    return broken[min(nth, len(broken) - 1)] if broken else None


def sentence(part: Sum, currency: str | None) -> str:
    unit = f" {currency}" if currency else ""
    return f"{part.place}: expected {part.expected:f}{unit}, found {part.found:f}{unit}"


def rows_of(lines: list[Row]) -> int:
    return sum(1 for line in lines if line["line_kind"] == "item")
