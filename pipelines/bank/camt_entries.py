"""Entries of a camt statement as columns: lines, and the payments inside a batch.

Belongs here: amounts and signs, the counterparty's side, charges, and what a line takes from its
details. Does not belong here: finding the pieces (`camt`) or their names (`camt_fields`).
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.agreement import LARGEST_SUM
from pipelines.bank import values
from pipelines.bank.camt_paths import ENTRY_CODE, TRANSACTION_CODE
from pipelines.bank.pieces import Integers, Pieces, agreed, first, join_by_owner, joined, tidy
from pipelines.provenance import MONEY


class Entries:
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
        in_details = pieces.code >= len(ENTRY_CODE)
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
        return first(self.pieces, [ENTRY_CODE[name]], self.count)

    def _part(self, *names: str) -> pa.Array:
        return first(self.parts, [TRANSACTION_CODE[name] for name in names], self.transactions)

    def _parts(self, name: str) -> pa.Array:
        return joined(self.parts, [TRANSACTION_CODE[name]], self.transactions)

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
            "end_to_end_id": values.provided(self._part("end_to_end_id")),
            "mandate_id": values.provided(self._part("mandate_id")),
            "payment_information_id": values.provided(self._part("payment_information_id")),
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
                    values.provided(self._entry("payment_information_id")),
                    from_details("payment_information_id"),
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
        own = self._charge_sum(ENTRY_CODE)
        below = self._charge_sum(TRANSACTION_CODE)
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
        fits = pc.less(pc.abs(sums), LARGEST_SUM)
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


def code_of(domain: pa.Array, family: pa.Array, subfamily: pa.Array) -> pa.Array:
    """ISO bank transaction code as domain-family-subfamily, e.g. PMNT-RCDT-ESCT."""
    # Not null_handling="skip": Arrow then leaves out the rows that are all null, and columns shift.
    parts = [pc.fill_null(part, "") for part in (domain, family, subfamily)]
    return tidy(pc.utf8_trim(pc.binary_join_element_wise(*parts, "-"), "-"))
