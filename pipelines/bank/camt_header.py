"""The header of a camt statement: account, pages, period, balances and what the bank declares.

Belongs here: single values of a statement, and which of its balances open and close it. Does not belong
here: entries (`camt_entries`) or whether the balances tie (dbt).
"""

from collections import defaultdict
from decimal import Decimal

from pipelines.bank import values
from pipelines.bank.reading import Statement


class Header:
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
