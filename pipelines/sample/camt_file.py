"""camt.053.001.08 as a German bank sends it: one account and day per file.

Source: ISO 20022 message definition BankToCustomerStatementV08; element order follows the schema.
"""

from xml.sax.saxutils import escape

from pipelines.sample.books import BankLine, Detail, text
from pipelines.sample.statements import Statement

CODES = {
    "receipt": ("PMNT", "RCDT", "ESCT"), "payout": ("PMNT", "RCDT", "ESCT"), "unknown": ("PMNT", "RCDT", "ESCT"),
    "bill_payment": ("PMNT", "ICDT", "ESCT"), "payment_run": ("PMNT", "ICDT", "ESCT"), "reimbursement": ("PMNT", "ICDT", "ESCT"),
    "card_settlement": ("PMNT", "RDDT", "ESDD"), "bank_fee": ("ACMT", "MDOP", "CHRG"), "interest": ("ACMT", "MCOP", "INTR"),
}  # fmt: skip


def _amount(minor: int, currency: str) -> str:
    return f'<Amt Ccy="{currency}">{text(abs(minor), currency)}</Amt>'


def _side(minor: int) -> str:
    return f"<CdtDbtInd>{'CRDT' if minor >= 0 else 'DBIT'}</CdtDbtInd>"


def _balance(code: str, minor: int, currency: str, day: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(minor, currency)}{_side(minor)}"
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _party(credit: bool, name: str, account: str, bank: str) -> str:
    role = "Dbtr" if credit else "Cdtr"
    who = f"<{role}><Pty><Nm>{escape(name)}</Nm></Pty></{role}>" if name else ""
    number = f"<{role}Acct><Id><IBAN>{account}</IBAN></Id></{role}Acct>" if account else ""
    agent = (
        f"<RltdAgts><{role}Agt><FinInstnId><BICFI>{bank}</BICFI></FinInstnId></{role}Agt></RltdAgts>"
        if bank
        else ""
    )
    return (f"<RltdPties>{who}{number}</RltdPties>" if who or number else "") + agent


def _details(line: BankLine, detail: Detail | None) -> str:
    amount = detail.amount if detail else line.amount
    e2e = (detail.end_to_end_id if detail else line.end_to_end_id) or "NOTPROVIDED"
    note = detail.remittance if detail else line.remittance
    instructed = ""
    if line.charges and not detail:
        instructed = (
            f"<AmtDtls><InstdAmt>{_amount(line.amount + line.charges, line.currency)}</InstdAmt></AmtDtls>"
        )
    charges = ""
    if line.charges and not detail:
        charges = f"<Chrgs><Rcrd>{_amount(line.charges, line.currency)}<CdtDbtInd>DBIT</CdtDbtInd><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>"
    who = _party(
        amount >= 0, detail.name if detail else line.name, detail.account if detail else line.counterparty, "" if detail else line.counterparty_bank
    )  # fmt: skip
    return (
        f"<TxDtls><Refs><EndToEndId>{escape(e2e)}</EndToEndId></Refs>{_amount(amount, line.currency)}{_side(amount)}"
        f"{instructed}{charges}{who}<RmtInf><Ustrd>{escape(note)}</Ustrd></RmtInf></TxDtls>"
    )


def _entry(line: BankLine, number: int) -> str:
    kind = line.kind if line.kind in CODES else "receipt" if line.amount > 0 else "bill_payment"
    domain, family, sub = CODES[kind]
    batch = ""
    if line.details:
        batch = (
            f"<Btch><PmtInfId>{line.payment_information_id}</PmtInfId><NbOfTxs>{len(line.details)}</NbOfTxs>"
            f'<TtlAmt Ccy="{line.currency}">{text(abs(line.amount), line.currency)}</TtlAmt>{_side(line.amount)}</Btch>'
        )
    inner = "".join(_details(line, d) for d in line.details) if line.details else _details(line, None)
    day = line.day.isoformat()
    return (
        f"<Ntry><NtryRef>{number}</NtryRef>{_amount(line.amount, line.currency)}{_side(line.amount)}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>{line.reference}</AcctSvcrRef>"
        f"<BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls>{batch}{inner}</NtryDtls></Ntry>\n"
    )


def camt_053(statement: Statement) -> bytes:
    """The statement as an XML document."""
    account, day = statement.account, statement.day.isoformat()
    currency, lines = account.currency, statement.lines
    credits = [x.amount for x in lines if x.amount >= 0]
    debits = [-x.amount for x in lines if x.amount < 0]
    net = sum(credits) - sum(debits)
    created = f"{day}T20:15:00+02:00"
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">\n'
        f"<BkToCstmrStmt><GrpHdr><MsgId>M{statement.native_id}</MsgId><CreDtTm>{created}</CreDtTm></GrpHdr>\n"
        f"<Stmt><Id>{statement.native_id}</Id><ElctrncSeqNb>{statement.sequence}</ElctrncSeqNb><LglSeqNb>{statement.sequence}</LglSeqNb>"
        f"<CreDtTm>{created}</CreDtTm><FrToDt><FrDtTm>{day}T00:00:00+02:00</FrDtTm><ToDtTm>{day}T23:59:59+02:00</ToDtTm></FrToDt>\n"
        f"<Acct><Id><IBAN>{account.number}</IBAN></Id><Ccy>{currency}</Ccy><Ownr><Nm>{escape(account.owner)}</Nm></Ownr>"
        f"<Svcr><FinInstnId><BICFI>{account.bic}</BICFI></FinInstnId></Svcr></Acct>\n"
        f"{_balance('OPBD', statement.stated_opening, currency, day)}\n{_balance('CLBD', statement.stated_closing, currency, day)}\n"
        f"<TxsSummry><TtlNtries><NbOfNtries>{len(lines)}</NbOfNtries><Sum>{text(sum(credits) + sum(debits), currency)}</Sum>"
        f"<TtlNetNtry><Amt>{text(abs(net), currency)}</Amt>{_side(net)}</TtlNetNtry></TtlNtries>"
        f"<TtlCdtNtries><NbOfNtries>{len(credits)}</NbOfNtries><Sum>{text(sum(credits), currency)}</Sum></TtlCdtNtries>"
        f"<TtlDbtNtries><NbOfNtries>{len(debits)}</NbOfNtries><Sum>{text(sum(debits), currency)}</Sum></TtlDbtNtries></TxsSummry>\n"
    )
    body = "".join(_entry(line, i) for i, line in enumerate(lines, 1))
    return f"{head}{body}</Stmt></BkToCstmrStmt></Document>\n".encode()
