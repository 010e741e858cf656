"""Which element of a camt statement entry becomes which column.

Belongs here: the element names of ISO 20022 camt.052, camt.053 and camt.054, versions 001.01 to 001.13,
as data. Does not belong here: how they are read (`camt`).

Source: ISO 20022 message definitions BankToCustomerStatement, BankToCustomerAccountReport and
BankToCustomerDebitCreditNotification; `camt_names.txt` lists the element names of their schemas, so
that a name outside them is reported as drift.
"""

from functools import cache
from pathlib import Path

# Element below Document -> element of one statement; the three messages share everything below it.
CONTAINERS = {
    "BkToCstmrStmt": ("Stmt", "camt.053"),
    "BkToCstmrAcctRpt": ("Rpt", "camt.052"),
    "BkToCstmrDbtCdtNtfctn": ("Ntfctn", "camt.054"),
}
# Version 001.01 has its number in the name, and payments and batch directly below the entry.
CONTAINERS |= {f"{name}V01": shape for name, shape in CONTAINERS.items()}

# Below Ntry.
ENTRY = {
    "NtryRef": "entry_reference",
    "Amt": "amount",
    "Amt/@Ccy": "currency",
    "CdtDbtInd": "sign",
    "RvslInd": "reversal",
    "Sts": "status",  # a code in 001.02, a choice later
    "Sts/Cd": "status",
    "Sts/Prtry": "status",
    "BookgDt/Dt": "booking_date",
    "BookgDt/DtTm": "booking_date",
    "ValDt/Dt": "value_date",
    "ValDt/DtTm": "value_date",
    "AcctSvcrRef": "servicer_reference",
    "BkTxCd/Domn/Cd": "domain",
    "BkTxCd/Domn/Fmly/Cd": "family",
    "BkTxCd/Domn/Fmly/SubFmlyCd": "subfamily",
    "BkTxCd/Prtry/Cd": "proprietary_code",
    "AddtlNtryInf": "additional_info",
    "NtryDtls/Btch/PmtInfId": "payment_information_id",
    "Btch/PmtInfId": "payment_information_id",  # 001.01
}

# Below Ntry (in batches, and before 001.02 of some banks) and below NtryDtls/TxDtls.
SHARED = {
    "AmtDtls/InstdAmt/Amt": "instructed_amount",
    "AmtDtls/InstdAmt/Amt/@Ccy": "instructed_currency",
    "AmtDtls/InstdAmt/CcyXchg/XchgRate": "rate",
    "AmtDtls/TxAmt/Amt": "transaction_amount",
    "AmtDtls/TxAmt/Amt/@Ccy": "transaction_currency",
    "AmtDtls/TxAmt/CcyXchg/XchgRate": "rate",
    "AmtDtls/CntrValAmt/CcyXchg/XchgRate": "rate",
    "Chrgs/TtlChrgsAndTaxAmt": "charges_total",
    "Chrgs/TtlChrgsAndTaxAmt/@Ccy": "charges_total_currency",
    "Chrgs/Amt": "charge",  # 001.02
    "Chrgs/Amt/@Ccy": "charge_currency",
    "Chrgs/CdtDbtInd": "charge_sign",
    "Chrgs/Rcrd/Amt": "charge",  # from 001.04
    "Chrgs/Rcrd/Amt/@Ccy": "charge_currency",
    "Chrgs/Rcrd/CdtDbtInd": "charge_sign",
}

# Elements that open one charge.
CHARGES = ("Chrgs", "Chrgs/Rcrd")


def _party(element: str, role: str) -> dict[str, str]:
    """A party and its account and bank; from 001.08 the party sits in one more element, Pty."""
    return {
        f"RltdPties/{element}/Nm": f"{role}_name",
        f"RltdPties/{element}/Pty/Nm": f"{role}_name",
        f"RltdPties/Ultmt{element}/Nm": f"ultimate_{role}_name",
        f"RltdPties/Ultmt{element}/Pty/Nm": f"ultimate_{role}_name",
        f"RltdPties/{element}Acct/Id/IBAN": f"{role}_account",
        f"RltdPties/{element}Acct/Id/Othr/Id": f"{role}_account",
        f"RltdPties/{element}Acct/Id/PrtryAcct/Id": f"{role}_account",
        f"RltdAgts/{element}Agt/FinInstnId/BIC": f"{role}_bank",
        f"RltdAgts/{element}Agt/FinInstnId/BICFI": f"{role}_bank",
        f"RltdAgts/{element}Agt/FinInstnId/ClrSysMmbId/MmbId": f"{role}_bank_member",
        f"RltdAgts/{element}Agt/FinInstnId/Nm": f"{role}_bank_name",
    }


# Below Ntry/NtryDtls/TxDtls.
TRANSACTION = {
    "Refs/MsgId": "message_reference",
    "Refs/AcctSvcrRef": "servicer_reference",
    "Refs/PmtInfId": "payment_information_id",
    "Refs/InstrId": "instruction_id",
    "Refs/EndToEndId": "end_to_end_id",
    "Refs/TxId": "transaction_reference",
    "Refs/MndtId": "mandate_id",
    "Amt": "amount",
    "Amt/@Ccy": "currency",
    "CdtDbtInd": "sign",
    "BkTxCd/Domn/Cd": "domain",
    "BkTxCd/Domn/Fmly/Cd": "family",
    "BkTxCd/Domn/Fmly/SubFmlyCd": "subfamily",
    "BkTxCd/Prtry/Cd": "proprietary_code",
    **_party("Dbtr", "debtor"),
    **_party("Cdtr", "creditor"),
    "Purp/Cd": "purpose_code",
    "Purp/Prtry": "purpose_code",
    "RmtInf/Ustrd": "remittance",
    "RmtInf/Strd/AddtlRmtInf": "remittance",
    "RmtInf/Strd/CdtrRefInf/Ref": "structured_reference",
    "RmtInf/Strd/CdtrRefInf/CdtrRef": "structured_reference",
    "RmtInf/Strd/RfrdDocInf/Nb": "structured_reference",
    "AddtlTxInf": "additional_info",
    **SHARED,
}

ENTRY = {**ENTRY, **SHARED}


@cache
def known_names() -> frozenset[str]:
    """Every element name of the three schemas."""
    return frozenset(Path(__file__).with_name("camt_names.txt").read_text(encoding="utf-8").split())
