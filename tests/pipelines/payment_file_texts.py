"""Payment files written from the standards, apart from the readers."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape


@dataclass(frozen=True)
class Payment:
    end_to_end_id: str
    amount: Decimal
    name: str = "Großhandel Fröhlich GmbH"
    account: str = "DE90701500000078038347"
    currency: str = "EUR"
    text: str = "Rechnung 4711"


PAYMENTS = (
    Payment("E-1", Decimal("119.00")),
    Payment("E-2", Decimal("0.01"), "Müller & Söhne"),
    Payment("E-3", Decimal("2500.5")),
)


def pain001(
    payments: tuple[Payment, ...] = PAYMENTS,
    version: str = "pain.001.001.09",
    count: int | None = None,
    total: Decimal | None = None,
    batch_total: Decimal | None = None,
    on: date = date(2026, 6, 30),
    namespace: bool = True,
) -> str:
    right = sum((payment.amount for payment in payments), Decimal(0))
    new = version >= "pain.001.001.09"
    requested = f"<ReqdExctnDt>{f'<Dt>{on}</Dt>' if new else on}</ReqdExctnDt>"
    bic = "BICFI" if new else "BIC"
    transactions = "".join(
        f"<CdtTrfTxInf><PmtId><InstrId>I-{p.end_to_end_id}</InstrId><EndToEndId>{p.end_to_end_id}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="{p.currency}">{p.amount}</InstdAmt></Amt>'
        f"<CdtrAgt><FinInstnId><{bic}>BYLADEM1001</{bic}></FinInstnId></CdtrAgt>"
        f"<Cdtr><Nm>{escape(p.name)}</Nm></Cdtr><CdtrAcct><Id><IBAN>{p.account}</IBAN></Id></CdtrAcct>"
        f"<RmtInf><Ustrd>{escape(p.text)}</Ustrd></RmtInf></CdtTrfTxInf>"
        for p in payments
    )
    spaces = f' xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"' if namespace else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document{spaces}><CstmrCdtTrfInitn><GrpHdr><MsgId>M-1</MsgId>'
        f"<CreDtTm>2026-06-29T09:30:00</CreDtTm><NbOfTxs>{len(payments) if count is None else count}</NbOfTxs>"
        f"<CtrlSum>{right if total is None else total}</CtrlSum><InitgPty><Nm>Nordlicht</Nm></InitgPty></GrpHdr>"
        f"<PmtInf><PmtInfId>B-1</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>{len(payments)}</NbOfTxs>"
        f"<CtrlSum>{right if batch_total is None else batch_total}</CtrlSum>"
        f"<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf>{requested}<Dbtr><Nm>Nordlicht</Nm></Dbtr>"
        "<DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>"
        f"<DbtrAgt><FinInstnId><{bic}>COBADEFFXXX</{bic}></FinInstnId></DbtrAgt><ChrgBr>SLEV</ChrgBr>{transactions}</PmtInf>"
        "</CstmrCdtTrfInitn></Document>"
    )


def pain002(
    statuses: dict[str, tuple[str, str]], group: str | None = None, version: str = "pain.002.001.10"
) -> str:
    """statuses: end-to-end id to (status, reason)."""
    parts = "".join(
        f"<TxInfAndSts><OrgnlInstrId>I-{key}</OrgnlInstrId><OrgnlEndToEndId>{key}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn><AddtlInf>account closed</AddtlInf></StsRsnInf></TxInfAndSts>"
        for key, (status, reason) in statuses.items()
    )
    named = f"<GrpSts>{group}</GrpSts>" if group else ""
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"><CstmrPmtStsRpt><GrpHdr><MsgId>S-1</MsgId>'
        "<CreDtTm>2026-06-30T12:00:00+02:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>M-1</OrgnlMsgId>"
        f"<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{named}</OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>B-1</OrgnlPmtInfId>{parts}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )


@dataclass(frozen=True)
class Entry:
    code: str
    cents: int
    name: str
    bank: str = "07100050"
    account: str = "123456789"
    identification: str = "INV-1"
    addenda: tuple[str, ...] = ()


ENTRIES = (
    Entry("22", 125000, "PRAIRIE SUPPLY LLC", addenda=("05INVOICE 4711 AND 4712",)),
    Entry("27", 4999, "ADA CUSTOMER", bank="99999999"),
    Entry("32", 1, "SAVER"),
)


@dataclass(frozen=True)
class Nacha:
    entries: tuple[Entry, ...] = ENTRIES
    effective: str = "260630"
    standard_class: str = "CCD"
    hash_error: int = 0
    credit_error: int = 0
    count_error: int = 0
    block_error: int = 0
    filled: bool = True
    end: str = "\r\n"

    def text(self) -> str:
        records = [
            "101 071000301 1234567892606290930A094101" + "FIRST BANK".ljust(23) + "PRAIRIE GOODS".ljust(23) + "".ljust(8),
            "5200" + "PRAIRIE GOODS".ljust(16) + "".ljust(20) + "1471234567" + self.standard_class + "PAYMENT".ljust(10)
            + "".ljust(6) + self.effective + "   1" + "07100030" + "0000001",
        ]  # fmt: skip
        lines = hashes = debits = credits = 0
        for number, entry in enumerate(self.entries, 1):
            trace = f"07100030{number:07d}"
            records.append(
                f"6{entry.code}{entry.bank}5{entry.account.ljust(17)}{entry.cents:010d}{entry.identification.ljust(15)}"
                f"{entry.name.ljust(22)}  {1 if entry.addenda else 0}{trace}"
            )
            lines += 1
            hashes += int(entry.bank)
            if entry.code[1] in "01234":
                credits += entry.cents
            else:
                debits += entry.cents
            for index, addendum in enumerate(entry.addenda, 1):
                records.append(
                    ("7" + addendum).ljust(79) + trace
                    if addendum[:2] in ("98", "99")
                    else ("7" + addendum).ljust(83) + f"{index:04d}{number:07d}"
                )
                lines += 1
        lines += self.count_error
        hashes = (hashes + self.hash_error) % 10**10
        credits += self.credit_error
        records.append(
            f"8200{lines:06d}{hashes:010d}{debits:012d}{credits:012d}1471234567"
            + "".ljust(25)
            + "07100030"
            + "0000001"
        )
        blocks = -(-(len(records) + 1) // 10) + self.block_error
        records.append(
            f"9000001{blocks:06d}{lines:08d}{hashes:010d}{debits:012d}{credits:012d}" + "".ljust(39)
        )
        if self.filled:
            records += ["9" * 94] * (-len(records) % 10)
        assert {len(record) for record in records} == {94}
        return self.end.join(records) + (self.end if self.end else "")


__all__ = ["ENTRIES", "PAYMENTS", "Entry", "Nacha", "Payment", "pain001", "pain002", "replace"]
