"""What the three ERPs' exports look like: headers, number and date formats, words for types and states.

Belongs here: formats only. The same facts stand in pipelines/sources.yml, from the reader's side.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Export:
    """One ERP's CSV dialect."""

    suffix: str
    delimiter: str
    encoding: str
    decimal: str
    thousands: str
    date_format: str
    types: dict[str, str]
    states: dict[str, str]
    invoices: str
    bills: str
    lines: str
    first_line_columns: tuple[str, str, str, str]  # invoice id, invoice date, bill id, bill date
    gl: str
    clock: str

    def money(self, plain: str) -> str:
        """A plain decimal in this ERP's punctuation."""
        if self.thousands:
            whole, _, rest = plain.partition(".")
            plain = f"{int(whole):,}" + (f".{rest}" if rest else "")
            if whole == "-0":
                plain = "-" + plain
        return plain.replace(".", self.decimal) if self.decimal != "." else plain

    def day(self, day: date) -> str:
        return day.strftime(self.date_format)

    def stamp(self, day: date) -> str:
        return f"{self.day(day)} {self.clock}"


EXPORTS = {
    "de": Export(
        "de", ";", "cp1252", ",", "", "%d.%m.%Y", {"invoice": "Rechnung", "bill": "Rechnung", "credit_note": "Gutschrift"},
        {"open": "offen", "paid": "bezahlt"},
        "Beleg-ID;Rechnungsnummer;Belegart;Rechnungsdatum;Fälligkeit;Geändert am;Debitor;Kunde;Währung;Netto;Steuer;Brutto;Bestellnummer;Bezug;Skonto %;Skontotage;Status;Steuerschlüssel;Verwendungszweck",
        "Beleg-ID;Lieferantenrechnung;Belegart;Rechnungsdatum;Fälligkeit;Geändert am;Kreditor;Lieferant;IBAN;Währung;Netto;Steuer;Brutto;Bestellung;Skonto %;Skontotage;Status;Steuerschlüssel",
        "Position;Beschreibung;Menge;Einzelpreis;Netto;Steuer;Steuerschlüssel;Konto;Kostenstelle;Währung",
        ("Beleg-ID", "Rechnungsdatum", "Beleg-ID", "Rechnungsdatum"),
        "Buchung;Zeile;Buchungsdatum;Belegart;Belegnummer;Konto;Währung;Soll;Haben;Hauswährung;Soll HW;Haben HW;Text;Kostenstelle;Partner;Geändert am",
        "18:00:00",
    ),
    "uk": Export(
        "uk", ",", "utf-8", ".", "", "%d/%m/%Y", {"invoice": "INV", "bill": "INV", "credit_note": "CRN"}, {"open": "Open", "paid": "Paid"},
        "Invoice ID,Invoice No,Type,Invoice Date,Due Date,Last Modified,Customer Code,Customer Name,Currency,Net,VAT,Gross,Order Ref,Original Invoice,Discount %,Discount Days,Status,VAT Code,Payment Ref",
        "Bill ID,Supplier Invoice,Type,Bill Date,Due Date,Last Modified,Supplier Code,Supplier Name,Supplier IBAN,Currency,Net,VAT,Gross,Purchase Order,Discount %,Discount Days,Status,VAT Code",
        "Line,Description,Quantity,Unit Price,Net,VAT,VAT Code,Nominal Code,Cost Centre,Currency",
        ("Invoice ID", "Invoice Date", "Bill ID", "Bill Date"),
        "Journal ID,Line,Posting Date,Doc Type,Doc Number,Nominal Code,Currency,Debit,Credit,Base Currency,Base Debit,Base Credit,Narrative,Cost Centre,Party,Last Modified",
        "17:30:00",
    ),
    "us": Export(
        "us", ",", "utf-8", ".", ",", "%m/%d/%Y", {"invoice": "Invoice", "bill": "Invoice", "credit_note": "Credit Memo"}, {"open": "OPEN", "paid": "PAID"},
        "DocId,InvoiceNumber,DocType,InvoiceDate,DueDate,ModifiedAt,CustomerId,CustomerName,Currency,NetAmount,SalesTax,TotalAmount,OrderNumber,AppliesTo,DiscountPct,DiscountDays,Status,TaxCode,PaymentReference",
        "DocId,VendorInvoice,DocType,BillDate,DueDate,ModifiedAt,VendorId,VendorName,VendorAccount,Currency,NetAmount,Tax,TotalAmount,PurchaseOrder,DiscountPct,DiscountDays,Status,TaxCode",
        "LineNo,Description,Qty,UnitPrice,NetAmount,Tax,TaxCode,GLAccount,CostCenter,Currency",
        ("DocId", "InvoiceDate", "DocId", "BillDate"),
        "EntryId,LineNo,PostingDate,DocType,DocNumber,GLAccount,Currency,Debit,Credit,BaseCurrency,BaseDebit,BaseCredit,Memo,CostCenter,PartyId,ModifiedAt",
        "16:45:00",
    ),
}  # fmt: skip
