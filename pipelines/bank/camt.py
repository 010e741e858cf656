"""camt.052, camt.053 and camt.054: bank statements, reports and notifications of ISO 20022 as XML.

Belongs here: how a checked document becomes statements, lines and details. Entries are columns from
the first step (`xml_shred`, `pieces`); Python sees single values only in statement headers.

An entry's sign is its CdtDbtInd, also when RvslInd is true: the indicator says where the money went,
the reversal only whose payment came back (so the counterparty is on the other side).

Source: ISO 20022, camt.053.001.02 to 001.13, and the banks' usage guides for balances: OPBD or PRCD
opens, CLBD closes, ITBD does either on the pages in between.
"""

import re
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bank import values
from pipelines.bank.camt_fields import CHARGES, CONTAINERS, ENTRY, TRANSACTION, known_names
from pipelines.bank.pieces import Integers, Pieces, agreed, first, join_by_owner, joined, tidy
from pipelines.bank.reading import Cells, Drift, Reading, Statement, UnreadableFile
from pipelines.bank.xml_shred import Leaves, Paths, RefusedXml, check, regular, shred, to_utf8
from pipelines.provenance import MONEY

_DETAILS = "NtryDtls/TxDtls/"
_CLOSING_TAG = re.compile(rb"</(?:[\w.-]+:)?Ntry\s*>")
_VERSION = re.compile(rb"camt\.05[234]\.00[0-9]\.[0-9]{2}")
_NOT_PROVIDED = r"^(?i:not ?provided|nonref|none)$"

# Codes of fields; transaction fields follow entry fields.
_ENTRY_CODE = {name: code for code, name in enumerate(dict.fromkeys(ENTRY.values()))}
_TRANSACTION_CODE = {
    name: code + len(_ENTRY_CODE) for code, name in enumerate(dict.fromkeys(TRANSACTION.values()))
}
_NO_FIELD = -1


def read(content: bytes) -> Reading:
    """Read one camt document. Raises UnreadableFile when it is not well-formed, safe or camt."""
    try:
        document = to_utf8(content)
        check(document)
        document = regular(document)
        return _Reader(document).read()
    except RefusedXml as error:
        raise UnreadableFile(str(error)) from error


class _Kind:
    """What the paths of a document mean, as arrays over their codes; grows as paths appear."""

    def __init__(self) -> None:
        self.paths = Paths()
        self.field = np.empty(0, np.int64)
        self.relative: list[str] = []  # below the entry, or below the statement
        self.is_entry = np.empty(0, bool)  # the Ntry element itself
        self.in_entry = np.empty(0, bool)
        self.is_statement = np.empty(0, bool)
        self.in_statement = np.empty(0, bool)
        self.is_balance = np.empty(0, bool)
        self.is_details = np.empty(0, bool)
        self.is_charge = np.empty(0, bool)
        self.in_header = np.empty(0, bool)
        self.containers: set[str] = set()

    def update(self) -> None:
        known = len(self.relative)
        rows = [self._classify(names) for names in self.paths.names[known:]]
        self.relative.extend(row[0] for row in rows)
        for index, name in enumerate(
            ("field", "is_entry", "in_entry", "is_statement", "in_statement", "is_balance", "is_details",
             "is_charge", "in_header"), 1
        ):  # fmt: skip
            added = np.array([row[index] for row in rows], dtype=getattr(self, name).dtype)
            setattr(self, name, np.concatenate([getattr(self, name), added]))

    def _classify(self, names: tuple[str, ...]) -> tuple[Any, ...]:
        at = next((i for i, name in enumerate(names) if name in CONTAINERS), None)
        nothing = ("", _NO_FIELD, False, False, False, False, False, False, False, False)
        if at is None:
            return nothing
        self.containers.add(names[at])
        inner = names[at + 1 :]
        if inner[:1] == ("GrpHdr",):
            return ("/".join(inner[1:]), _NO_FIELD, False, False, False, False, False, False, False, True)
        if inner[:1] != (CONTAINERS[names[at]][0],):
            return nothing
        below = inner[1:]
        if below[:1] != ("Ntry",):
            return (
                "/".join(below), _NO_FIELD, False, False, not below, bool(below), below == ("Bal",), False, False, False,
            )  # fmt: skip
        entry = "/".join(below[1:])
        details = entry.removeprefix(_DETAILS) if entry.startswith(_DETAILS) else None
        code = _NO_FIELD
        if details is not None:
            code = _TRANSACTION_CODE.get(TRANSACTION.get(details, ""), _NO_FIELD)
        else:
            code = _ENTRY_CODE.get(ENTRY.get(entry, ""), _NO_FIELD)
        is_charge = (details if details is not None else entry) in CHARGES
        return (
            entry,
            code,
            not entry,
            bool(entry),
            False,
            False,
            False,
            entry == _DETAILS[:-1],
            is_charge,
            False,
        )


class _Reader:
    def __init__(self, document: bytes) -> None:
        self.document = document
        self.kind = _Kind()
        self.statements: list[_Header] = []
        self.message: dict[str, str] = {}
        self.lines: list[pa.Table] = []
        self.details: list[pa.Table] = []
        self.starts: list[Integers] = []
        self.entries = 0
        self.balances = 0
        self.unknown: dict[str, Drift] = {}

    def read(self) -> Reading:
        closing = _CLOSING_TAG.search(self.document)
        for leaves in shred(self.document, self.kind.paths, closing.group() if closing else b"</Ntry>"):
            self.kind.update()
            self._stretch(leaves)
        if not self.kind.containers:
            raise UnreadableFile(
                f"XML, but no camt statement: expected one of {', '.join(CONTAINERS)} below the root"
            )
        container = sorted(self.kind.containers)[0]
        version = _VERSION.search(self.document[:65536])
        format_ = version.group().decode() if version else CONTAINERS[container][1]
        starts = np.concatenate(self.starts) if self.starts else np.empty(0, np.int64)
        declared, statements = scan(self.document, CONTAINERS[container][0])
        return Reading(
            format=format_,
            recognised_by=f"XML element {container}"
            + (f", namespace {format_}" if version else ", no namespace"),
            statements=[header.statement(self.message) for header in self.statements],
            lines=pa.concat_tables(self.lines),
            details=pa.concat_tables(self.details),
            payload=lambda line: _entry_text(self.document, int(starts[line])),
            declared=declared,
            declared_statements=statements,
            drift=list(self.unknown.values()),
        )

    def _stretch(self, leaves: Leaves) -> None:
        kind = self.kind
        element = leaves.element_path
        is_entry = kind.is_entry[element]
        statement = np.cumsum(kind.is_statement[element]) - 1 + len(self.statements)
        entry = np.cumsum(is_entry) - 1
        balance = np.cumsum(kind.is_balance[element]) - 1 + self.balances
        self.statements.extend(_Header() for _ in range(int(kind.is_statement[element].sum())))
        self.balances += int(kind.is_balance[element].sum())

        for leaf in np.flatnonzero(kind.in_statement[leaves.path] | kind.in_header[leaves.path]).tolist():
            at = leaves.leaf_element[leaf]
            path, text = kind.relative[leaves.path[leaf]], leaves.text[leaf].as_py().strip()
            if kind.in_header[leaves.path[leaf]]:
                self.message.setdefault(path, text)
            else:
                self.statements[statement[at]].add(path, text, int(balance[at]))

        entries = int(is_entry.sum())
        self.starts.append(leaves.element_start[is_entry])
        inside = np.flatnonzero(kind.in_entry[leaves.path])
        owner = entry[leaves.leaf_element[inside]]
        code = kind.field[leaves.path[inside]]
        text = leaves.text.take(pa.array(inside))
        stretch = _Entries(
            count=entries,
            pieces=Pieces(owner, code, text),
            statement=statement[is_entry],
            details_of=entry[kind.is_details[element]],
            details_owner=(np.cumsum(kind.is_details[element]) - 1)[leaves.leaf_element[inside]],
            charge_of=(np.cumsum(kind.is_charge[element]) - 1)[leaves.leaf_element[inside]],
        )
        unmapped = np.flatnonzero(code == _NO_FIELD)
        extra = self._extra(unmapped, owner, leaves.path[inside], text, entries)
        self.lines.append(stretch.lines(extra))
        self.details.append(stretch.detail_rows(self.entries))
        self.entries += entries

    def _extra(
        self, unmapped: Integers, owner: Integers, path: Integers, text: pa.Array, entries: int
    ) -> pa.Array:
        """The leaves that no column holds, as one JSON object per entry; unknown names become drift."""
        if not unmapped.size:
            return pa.nulls(entries, pa.string())
        width = len(self.kind.relative)
        # By name and not by first appearance: the same entry in another file gives the same text.
        by_name = np.argsort(np.array(self.kind.relative), kind="stable")
        rank = np.empty(width, np.int64)
        rank[by_name] = np.arange(width)
        key = owner[unmapped] * width + rank[path[unmapped]]
        order = np.argsort(key, kind="stable")
        key = key[order]
        leading = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        group = np.cumsum(np.r_[True, key[1:] != key[:-1]]) - 1
        content = join_by_owner(text.take(pa.array(unmapped[order])), group, leading.size, "; ")
        group_path = by_name[key[leading] % width]
        group_owner = key[leading] // width
        self._drift(group_path, content)
        names = pa.array(self.kind.relative).take(pa.array(group_path))
        pairs = pc.binary_join_element_wise('"', names, '": "', json_text(pc.fill_null(content, "")), '"', "")
        body = join_by_owner(pairs, group_owner, entries, ", ")
        return pc.binary_join_element_wise("{", body, "}", "")

    def _drift(self, path: Integers, content: pa.Array) -> None:
        codes, index, count = np.unique(path, return_index=True, return_counts=True)
        for code, at, occurrences in zip(codes.tolist(), index.tolist(), count.tolist(), strict=True):
            name = self.kind.relative[code]
            parts = name.split("/")
            if (
                any(not part.startswith("@") and part not in known_names() for part in parts)
                and "SplmtryData" not in parts
            ):
                before = self.unknown.get(name)
                self.unknown[name] = Drift(
                    f"Ntry/{name}",
                    before.example if before else content[at].as_py(),
                    occurrences + (before.occurrences if before else 0),
                )


def json_text(text: pa.Array) -> pa.Array:
    """Text as the inside of a JSON string."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = pc.replace_substring(text, plain, escaped)
    return pc.replace_substring_regex(text, "[\x00-\x1f]", " ")


class _Entries:
    """The entries of one stretch, as columns."""

    def __init__(
        self, count: int, pieces: Pieces, statement: Integers, details_of: Integers, details_owner: Integers,
        charge_of: Integers,
    ) -> None:  # fmt: skip
        self.count = count
        self.pieces = pieces
        self.statement = statement
        self.details_of = details_of  # entry of each TxDtls
        self.transactions = len(details_of)
        in_details = pieces.code >= len(_ENTRY_CODE)
        chosen = np.flatnonzero(in_details)
        self.parts = Pieces(details_owner[chosen], pieces.code[chosen], pieces.text.take(pa.array(chosen)))
        self.charge_of = charge_of
        self.sign = self._entry("sign")
        self.currency = values.currency(self._entry("currency"))
        self.is_reversal = pc.fill_null(pc.is_in(self._entry("reversal"), pa.array(["true", "1"])), False)
        self.detail_count = (
            np.bincount(details_of, minlength=count)[:count] if count else np.empty(0, np.int64)
        )
        self._details = self._transaction_columns()

    def _entry(self, name: str) -> pa.Array:
        return first(self.pieces, [_ENTRY_CODE[name]], self.count)

    def _part(self, *names: str) -> pa.Array:
        return first(self.parts, [_TRANSACTION_CODE[name] for name in names], self.transactions)

    def _parts(self, name: str) -> pa.Array:
        return joined(self.parts, [_TRANSACTION_CODE[name]], self.transactions)

    def _transaction_columns(self) -> dict[str, pa.Array]:
        """One row per TxDtls."""
        owner = pa.array(self.details_of)
        own_sign = self._part("sign")
        sign = pc.coalesce(own_sign, self.sign.take(owner))
        # The money came from the debtor of a credit and went to the creditor of a debit; of a returned
        # payment the parties stay as they were, so the sides are exchanged.
        from_debtor = pc.xor(pc.fill_null(pc.equal(sign, "CRDT"), False), self.is_reversal.take(owner))

        def side(what: str, *more: str) -> pa.Array:
            debtor = self._part(f"debtor_{what}", *(f"debtor_{name}" for name in more))
            creditor = self._part(f"creditor_{what}", *(f"creditor_{name}" for name in more))
            return pc.if_else(from_debtor, debtor, creditor)

        def ultimate() -> pa.Array:
            return pc.if_else(
                from_debtor, self._part("ultimate_debtor_name"), self._part("ultimate_creditor_name")
            )

        stated = self._part("amount", "transaction_amount")
        stated_currency = values.currency(self._part("currency", "transaction_currency"))
        return {
            "amount": signed(values.money(stated), sign),
            "currency": pc.coalesce(stated_currency, self.currency.take(owner)),
            "servicer_reference": self._part("servicer_reference"),
            "customer_reference": self._part("instruction_id", "message_reference"),
            "end_to_end_id": provided(self._part("end_to_end_id")),
            "mandate_id": provided(self._part("mandate_id")),
            "payment_information_id": provided(self._part("payment_information_id")),
            "counterparty_name": pc.coalesce(side("name"), ultimate()),
            "counterparty_account": values.account_numbers(side("account")),
            "counterparty_bank": side("bank", "bank_member", "bank_name"),
            "remittance_text": self._parts("remittance"),
            "structured_reference": self._parts("structured_reference"),
            "additional_info": self._parts("additional_info"),
            "purpose_code": self._part("purpose_code"),
            "bank_transaction_code": code_of(
                self._part("domain"), self._part("family"), self._part("subfamily")
            ),
            "proprietary_code": self._part("proprietary_code"),
            "instructed_amount": self._part("instructed_amount"),
            "instructed_currency": self._part("instructed_currency"),
            "rate": self._part("rate"),
        }

    def lines(self, extra: pa.Array) -> pa.Table:
        """One row per entry."""

        def from_details(name: str) -> pa.Array:
            return agreed(self._details[name], self.details_of, self.count)

        def text_of_details(name: str) -> pa.Array:
            column = self._details[name]
            filled = np.flatnonzero(pc.is_valid(column).to_numpy(zero_copy_only=False))
            return join_by_owner(column.take(pa.array(filled)), self.details_of[filled], self.count)

        amount_text, date_text = self._entry("amount"), self._entry("booking_date")
        value_date = values.iso_date(self._entry("value_date"))
        charges, charges_currency = self._charges()
        return pa.table(
            {
                "statement": pa.array(self.statement, pa.int64()),
                "amount_text": amount_text,
                "sign_text": self.sign,
                "currency_text": self._entry("currency"),
                "date_text": pc.coalesce(date_text, self._entry("value_date")),
                "amount": signed(values.money(amount_text), self.sign),
                "currency": self.currency,
                # A pending entry has no booking date yet; its value date is the best day there is.
                "booking_date": pc.if_else(pc.is_valid(date_text), values.iso_date(date_text), value_date),
                "value_date": value_date,
                "is_reversal": self.is_reversal,
                "entry_status": self._entry("status"),
                "entry_reference": self._entry("entry_reference"),
                "bank_transaction_code": pc.coalesce(
                    code_of(self._entry("domain"), self._entry("family"), self._entry("subfamily")),
                    from_details("bank_transaction_code"),
                ),
                "proprietary_code": pc.coalesce(
                    self._entry("proprietary_code"), from_details("proprietary_code")
                ),
                "servicer_reference": pc.coalesce(
                    self._entry("servicer_reference"), from_details("servicer_reference")
                ),
                "customer_reference": from_details("customer_reference"),
                "end_to_end_id": from_details("end_to_end_id"),
                "mandate_id": from_details("mandate_id"),
                "payment_information_id": pc.coalesce(
                    provided(self._entry("payment_information_id")), from_details("payment_information_id")
                ),
                "counterparty_name": from_details("counterparty_name"),
                "counterparty_account": from_details("counterparty_account"),
                "counterparty_bank": from_details("counterparty_bank"),
                "remittance_text": text_of_details("remittance_text"),
                "structured_reference": text_of_details("structured_reference"),
                "additional_info": pc.coalesce(
                    self._entry("additional_info"), text_of_details("additional_info")
                ),
                "purpose_code": from_details("purpose_code"),
                "charges_amount": charges,
                "charges_currency": charges_currency,
                "original_amount": values.money(
                    pc.coalesce(self._entry("instructed_amount"), from_details("instructed_amount"))
                ),
                "original_currency": values.currency(
                    pc.coalesce(self._entry("instructed_currency"), from_details("instructed_currency"))
                ),
                "exchange_rate": values.rate(pc.coalesce(self._entry("rate"), from_details("rate"))),
                "detail_count": pa.array(self.detail_count, pa.int64()),
                "extra_json": extra,
            }
        )

    def detail_rows(self, lines_before: int) -> pa.Table:
        """One row per TxDtls of the entries that have more than one: the payments inside a batch."""
        batch = np.flatnonzero(self.detail_count[self.details_of] > 1)
        owner = self.details_of[batch]
        starts = np.searchsorted(owner, owner)
        chosen = pa.array(batch)
        columns = {name: column.take(chosen) for name, column in self._details.items()}
        return pa.table(
            {
                "line": pa.array(owner + lines_before, pa.int64()),
                "detail_number": pa.array(np.arange(owner.size) - starts + 1, pa.int64()),
                **{
                    name: columns[name]
                    for name in (
                        "amount", "currency", "end_to_end_id", "mandate_id", "counterparty_name",
                        "counterparty_account", "remittance_text", "structured_reference",
                        "servicer_reference", "purpose_code",
                    )
                },
            }
        )  # fmt: skip

    def _charges(self) -> tuple[pa.Array, pa.Array]:
        """Charges of each entry, a cost positive: its own, or else the sum over its details."""
        own = self._charge_sum(_ENTRY_CODE)
        below = self._charge_sum(_TRANSACTION_CODE)
        return pc.coalesce(own[0], below[0]), pc.if_else(pc.is_valid(own[0]), own[1], below[1])

    def _charge_sum(self, codes: dict[str, int]) -> tuple[pa.Array, pa.Array]:
        keep = np.flatnonzero(np.isin(self.pieces.code, [codes[n] for n in _CHARGE_FIELDS]))
        empty = pa.nulls(self.count, MONEY), pa.nulls(self.count, pa.string())
        if not keep.size:
            return empty
        raw = self.charge_of[keep]
        _, leading, group = np.unique(raw, return_index=True, return_inverse=True)
        pieces = Pieces(group, self.pieces.code[keep], self.pieces.text.take(pa.array(keep)))
        groups, owner = leading.size, self.pieces.owner[keep][leading]

        def column(name: str) -> pa.Array:
            return first(pieces, [codes[name]], groups)

        records = values.money(column("charge"))
        records = pc.if_else(
            pc.fill_null(pc.equal(column("charge_sign"), "CRDT"), False), pc.negate(records), records
        )
        total = values.money(column("charges_total"))
        has_records = np.bincount(owner, pc.is_valid(records).to_numpy(zero_copy_only=False), self.count) > 0
        amount = pc.if_else(pa.array(has_records[owner]), records, total)
        currency = values.currency(pc.coalesce(column("charge_currency"), column("charges_total_currency")))
        summed = (
            pa.table({"owner": owner, "amount": amount})
            .filter(pc.is_valid(amount))
            .group_by("owner", use_threads=False)
            .aggregate([("amount", "sum")])
        )
        position = np.full(self.count, -1, np.int64)
        position[summed["owner"].to_numpy()] = np.arange(summed.num_rows)
        sums = summed["amount_sum"].combine_chunks().take(pa.array(position, mask=position < 0))
        fits = pc.less(pc.abs(sums), Decimal(10) ** 14)
        return pc.if_else(fits, sums, pa.scalar(None, sums.type)).cast(MONEY), agreed(
            currency, owner, self.count
        )


_CHARGE_FIELDS = ("charge", "charge_currency", "charge_sign", "charges_total", "charges_total_currency")


def signed(amount: pa.Array, sign: pa.Array) -> pa.Array:
    """Credit positive, debit negative; null without a valid indicator: a guess could double the error."""
    return pc.case_when(
        pc.make_struct(
            pc.fill_null(pc.equal(sign, "CRDT"), False), pc.fill_null(pc.equal(sign, "DBIT"), False)
        ),
        amount,
        pc.negate(amount),
    )


def provided(text: pa.Array) -> pa.Array:
    """References without the standard's words for "none", which would match each other."""
    empty = pc.fill_null(pc.match_substring_regex(text, _NOT_PROVIDED), False)
    return pc.if_else(empty, pa.scalar(None, pa.string()), text)


def code_of(domain: pa.Array, family: pa.Array, subfamily: pa.Array) -> pa.Array:
    """ISO bank transaction code as domain-family-subfamily, e.g. PMNT-RCDT-ESCT."""
    # Not null_handling="skip": Arrow then leaves out the rows that are all null, and columns shift.
    parts = [pc.fill_null(part, "") for part in (domain, family, subfamily)]
    return tidy(pc.utf8_trim(pc.binary_join_element_wise(*parts, "-"), "-"))


class _Header:
    """Header leaves of one statement, and what they say."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.balances: dict[int, dict[str, str]] = defaultdict(dict)

    def add(self, path: str, text: str, balance: int) -> None:
        if path.startswith("Bal/"):
            self.balances[balance].setdefault(path.removeprefix("Bal/"), text)
        else:
            self.values.setdefault(path, text)

    def _value(self, *paths: str) -> str | None:
        return next((self.values[path] for path in paths if self.values.get(path)), None)

    def statement(self, message: dict[str, str]) -> Statement:
        currency = self._value("Acct/Ccy")
        balances = [_Balance(leaves) for leaves in self.balances.values()]
        balances = [b for b in balances if b.amount is not None]
        currency = currency or next((b.currency for b in balances if b.currency), None)
        balances = [b for b in balances if b.currency == currency] or balances
        opening, closing = _opening_and_closing(balances)
        last_page = self._value("StmtPgntn/LastPgInd", "RptPgntn/LastPgInd", "NtfctnPgntn/LastPgInd")
        is_last_page = None if last_page is None else last_page in ("true", "1")
        from_date = values.parse_date(self._value("FrToDt/FrDtTm", "FrToDt/FrDt"))
        to_date = values.parse_date(self._value("FrToDt/ToDtTm", "FrToDt/ToDt"))
        count, net = self._summary()
        return Statement(
            statement_id=self._value("Id"),
            account_number=values.account_number(
                self._value("Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id", "Acct/Id/BBAN")
            ),
            account_currency=currency,
            account_owner=self._value("Acct/Ownr/Nm", "Acct/Ownr/Pty/Nm", "Acct/Nm"),
            bank_bic=self._value("Acct/Svcr/FinInstnId/BICFI", "Acct/Svcr/FinInstnId/BIC"),
            sequence_number=values.parse_count(self._value("ElctrncSeqNb", "LglSeqNb")),
            page_number=values.parse_count(
                self._value("StmtPgntn/PgNb", "RptPgntn/PgNb", "NtfctnPgntn/PgNb")
            ),
            is_last_page=is_last_page,
            from_date=from_date,
            to_date=to_date,
            created_at=values.parse_time(self._value("CreDtTm") or message.get("CreDtTm")),
            opening_balance_amount=opening.amount if opening else None,
            opening_balance_date=opening.date if opening else None,
            closing_balance_amount=closing.amount if closing else None,
            closing_balance_date=closing.date if closing else None,
            is_intermediate=is_last_page is False
            or any(b is not None and b.code == "ITBD" for b in (opening, closing)),
            declared_entry_count=count,
            declared_net_amount=net,
            message_id=message.get("MsgId"),
        )

    def _summary(self) -> tuple[int | None, Decimal | None]:
        """Count and net of TxsSummry; the net is given in three ways across the versions."""
        base = "TxsSummry/"
        count = values.parse_count(self._value(base + "TtlNtries/NbOfNtries"))
        credits = values.parse_count(self._value(base + "TtlCdtNtries/NbOfNtries"))
        debits = values.parse_count(self._value(base + "TtlDbtNtries/NbOfNtries"))
        if count is None and credits is not None and debits is not None:
            count = credits + debits
        net = values.parse_money(
            self._value(base + "TtlNtries/TtlNetNtry/Amt", base + "TtlNtries/TtlNetNtryAmt")
        )
        sign = self._value(base + "TtlNtries/TtlNetNtry/CdtDbtInd", base + "TtlNtries/CdtDbtInd")
        if net is not None and sign in ("CRDT", "DBIT"):
            return count, net if sign == "CRDT" else -net
        received = values.parse_money(self._value(base + "TtlCdtNtries/Sum"))
        paid = values.parse_money(self._value(base + "TtlDbtNtries/Sum"))
        return count, received - paid if received is not None and paid is not None else None


class _Balance:
    def __init__(self, leaves: dict[str, str]) -> None:
        self.code = (
            leaves.get("Tp/CdOrPrtry/Cd") or leaves.get("Tp/Cd") or leaves.get("Tp/CdOrPrtry/Prtry") or ""
        )
        self.currency = leaves.get("Amt/@Ccy")
        self.date = values.parse_date(leaves.get("Dt/Dt") or leaves.get("Dt/DtTm"))
        amount = values.parse_money(leaves.get("Amt"))
        sign = leaves.get("CdtDbtInd")
        self.amount = (
            None if amount is None or sign not in ("CRDT", "DBIT") else amount if sign == "CRDT" else -amount
        )


def _opening_and_closing(balances: list[_Balance]) -> tuple[_Balance | None, _Balance | None]:
    """The balances that open and close a statement or page.

    A statement over several days may repeat OPBD and CLBD per day: the first opens, the last closes.
    """
    by_code: dict[str, list[_Balance]] = defaultdict(list)
    for balance in balances:
        by_code[balance.code].append(balance)

    def dated(code: str, last: bool) -> _Balance | None:
        found = by_code[code]
        with_date = [b for b in found if b.date is not None]
        if with_date:
            return (max if last else min)(with_date, key=lambda b: b.date)  # type: ignore[type-var,return-value]
        return (found[-1] if last else found[0]) if found else None

    interim = by_code["ITBD"]
    closing = dated("CLBD", last=True)
    opening = dated("OPBD", last=False) or dated("PRCD", last=False)
    if opening is None and interim and (closing is not None or len(interim) > 1):
        opening, interim = interim[0], interim[1:]
    if closing is None and interim:
        closing = interim[-1]
    return opening, closing


def _entry_text(document: bytes, start: int) -> str:
    closing = _CLOSING_TAG.search(document, start)
    return document[start : closing.end() if closing else start + 65536].decode("utf-8", errors="replace")


# --- declared: a second, simple path over the text, for the control totals -----------------------

_ENTRY_TAGS = re.compile(rb"</?(?:[\w.-]+:)?Ntry(?:\s[^>]*)?>")
_HEAD = re.compile(
    rb"<(?:[\w.-]+:)?(Amt|CdtDbtInd|BookgDt|ValDt)\b([^>]*)>(?:\s*<(?:[\w.-]+:)?(?:Dt|DtTm)\b[^>]*>)?([^<]*)"
)
# The same for an entry in the order of the schema: amount, sign, ..., booking date.
_USUAL_HEAD = re.compile(
    rb"\s*(?:<(?:[\w.-]+:)?NtryRef>[^<]*</(?:[\w.-]+:)?NtryRef>\s*)?<(?:[\w.-]+:)?Amt\b([^>]*)>([^<]*)</(?:[\w.-]+:)?Amt>"
    rb"\s*<(?:[\w.-]+:)?CdtDbtInd>([^<]*)<.*?<(?:[\w.-]+:)?BookgDt>\s*<[^>]*>\s*([^<]{10})",
    re.DOTALL,
)
_CCY = re.compile(rb"""\bCcy\s*=\s*["']([A-Z]{3})["']""")


def scan(document: bytes, statement: str) -> tuple[Cells, int]:
    """Count and sum the entries of a document by its text alone: what the payload lists.

    It shares nothing with the reading above but the document, so that a line lost there shows here.
    An entry's own amount, sign and dates come before its details; in each entry the first ones count.
    """
    heads = Counter(map(_head, _entry_bodies(document)))
    cells: dict[Any, list[Any]] = {}
    for (attributes, amount, sign, day), count in heads.items():
        value = values.parse_money(amount.decode("ascii", errors="replace")) or Decimal(0)
        sign = sign.strip()
        value = value if sign == b"CRDT" else -value if sign == b"DBIT" else Decimal(0)
        currency = _CCY.search(attributes)
        cell = cells.setdefault(
            (
                currency.group(1).decode() if currency else "XXX",
                values.parse_date(day.decode("ascii", errors="replace")),
            ),
            [0, Decimal(0)],
        )
        cell[0] += count
        cell[1] += value * count
    statements = _openings(document, statement.encode())
    return {key: (count, amount) for key, (count, amount) in cells.items()}, statements


def _entry_bodies(document: bytes) -> list[bytes]:
    opening = re.search(rb"<(?:[\w.-]+:)?Ntry>", document)
    plain = document.split(opening.group())[1:] if opening else []
    # One way of writing the tag is the rule, and a plain split ten times faster.
    if len(plain) * 2 == document.count(b"Ntry>") and b"Ntry " not in document:
        return plain
    return _ENTRY_TAGS.split(document)[1::2]


def _openings(document: bytes, name: bytes) -> int:
    """How often an element is opened; prefixes and attributes are looked for only where they occur."""
    count = document.count(b"<" + name + b">")
    if b":" + name in document or b"<" + name + b" " in document:
        count = len(re.findall(rb"<(?:[\w.-]+:)?" + name + rb"(?:\s[^>]*)?>", document))
    return count


def _head(body: bytes) -> tuple[bytes, ...]:
    """Attributes of the amount, amount, sign and first ten characters of the date of one entry."""
    own = body.partition(b"NtryDtls")[0]
    usual = _USUAL_HEAD.match(own)
    if usual:
        return usual.groups()
    found: dict[bytes, tuple[bytes, bytes]] = {}
    for name, attributes, text in _HEAD.findall(own):
        found.setdefault(name, (attributes, text.strip()))
    attributes, amount = found.get(b"Amt", (b"", b""))
    day = found.get(b"BookgDt", (b"", b""))[1] or found.get(b"ValDt", (b"", b""))[1]
    return attributes, amount, found.get(b"CdtDbtInd", (b"", b""))[1], day[:10]
