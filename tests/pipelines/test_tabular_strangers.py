"""Exports of banks without a profile: recognised as bank lines by the usual names of their columns, in any language."""

from decimal import Decimal

import pytest

from pipelines.inspection import inspect

EXPORTS = {
    "partner names": "Date,Label,Currency,Amount,Partner Name\n2026-06-30,Rent,EUR,-33.50,John Doe\n2026-06-29,Sale,EUR,5.00,Shop\n",
    "lower case and a class": "date,class,desc,amount,balance\n30/06/2026,Food,Bar,-33.50,66.50\n29/06/2026,Pay,Sale,5.00,100.00\n",
    "Spanish": "Fecha;Concepto;Importe;Saldo\n30/06/2026;Renta;-33,50;66,50\n29/06/2026;Venta;5,00;100,00\n",
    "Italian, two columns": "Data contabile;Descrizione;Addebiti;Accrediti\n30/06/2026;Affitto;33,50;\n29/06/2026;Vendita;;5,00\n",
    "Polish": "Data operacji;Opis operacji;Kwota;Saldo po operacji\n2026-06-30;Czynsz;-33,50;66,50\n2026-06-29;Sprzedaż;5,00;100,00\n",
    "French, two columns": "Date opération;Libellé;Débit;Crédit\n30/06/2026;Loyer;33,50;\n29/06/2026;Vente;;5,00\n",
    "Danish": "Dato;Tekst;Beløb;Saldo\n30-06-2026;Husleje;-33,50;66,50\n29-06-2026;Salg;5,00;100,00\n",
    "Czech": "Datum provedení;Popis;Částka;Zůstatek\n30.06.2026;Nájem;-33,50;66,50\n29.06.2026;Prodej;5,00;100,00\n",
    "Indian": "Txn Date,Narration,Withdrawal Amt.,Deposit Amt.,Closing Balance\n30/06/2026,Rent,33.50,,66.50\n29/06/2026,Sale,,5.00,100.00\n",
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_unknown_export_of_an_account_is_read_as_bank_lines(tmp_path, name):
    path = tmp_path / "export.csv"
    path.write_text(EXPORTS[name], encoding="utf-8")
    found = inspect(path)
    lines = found.records["bank_transactions"]
    assert [line["amount"] for line in lines] == [Decimal("-33.50"), Decimal("5.00")], found.problems
    assert [str(line["booking_date"]) for line in lines] == ["2026-06-30", "2026-06-29"]
    assert all(line["remittance_text"] for line in lines) and found.rejects == []


def test_documents_without_a_number_are_refused_once_and_not_record_by_record(tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(
        "Invoice Date,Due Date,Customer Name,Currency,Net,Tax,Gross\n"
        "2026-06-30,2026-07-30,ACME,EUR,100.00,19.00,119.00\n"
    )
    (reject,) = inspect(path).rejects
    assert "no column" in reject["message"] and reject["reason_code"] == "unreadable_file"
