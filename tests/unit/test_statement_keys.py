"""The same money gets the same key, in whatever file it is told; other money another."""

from paygate.domain.bank_reference import creditor_reference
from paygate.domain.bank_statement import BankTransaction, KeyBasis, is_same, is_suspect
from tests.unit.statement_files import IBAN, PAYER, camt, detail, entry, of, refs, statement, transactions

RF = creditor_reference("7K2M9QXR4TAB")
OTHER = creditor_reference("ZZZZZZZZZZZZ")


def told(*entries: str, message: str = "053", version: int = 8, account: str = IBAN) -> list[BankTransaction]:
    own = statement(*entries, account=f"<IBAN>{account}</IBAN>", number=message)
    return transactions(camt(own, message=message, version=version))


def dedupes(transactions: list[BankTransaction]) -> set[str]:
    return {each.dedupe for each in transactions}


def suspects(new: list[BankTransaction], known: list[BankTransaction]) -> bool:
    return all(any(is_suspect(each.keys, other.keys) for other in known) for each in new)


def same(new: list[BankTransaction], known: list[BankTransaction]) -> bool:
    return all(any(is_same(each.keys, other.keys) for other in known) for each in new)


def test_the_entrys_id_in_053_and_054_and_another_version() -> None:
    first = told(entry("10", detail(text=RF, ids=refs(EndToEndId="E")), reference="N1"))
    again = told(entry("10.00", detail(text=f"{RF} paid"), reference="N1"), message="054", version=4)
    assert dedupes(first) == dedupes(again)
    assert first[0].keys.basis is KeyBasis.BANK_ID


def test_a_statement_without_details_is_known_from_one_with_them() -> None:
    full = told(entry("10", detail(text=RF, ids=refs(AcctSvcrRef="T1")), reference="N1"), message="054")
    short = told(entry("10", reference="N1"))
    assert dedupes(full) != dedupes(short)
    assert same(short, full)
    assert same(full, short)


def test_a_batch_in_another_order_is_the_same() -> None:
    a, b = detail("10", text="A"), detail("20", text="B")
    assert dedupes(told(entry("30", a, b, reference="N1"))) == dedupes(told(entry("30", b, a, reference="N1")))


def test_a_batch_keeps_equal_transactions_apart() -> None:
    batch = told(entry("20", detail("10", text=RF), detail("10", text=RF), reference="N1"))
    assert len(dedupes(batch)) == 2
    assert dedupes(batch) == dedupes(told(entry("20", detail("10"), detail("10"), reference="N1"), message="054"))


def test_transactions_ids_are_known_when_one_file_books_a_sum_and_another_singly() -> None:
    ids = [refs(AcctSvcrRef=f"T{n}") for n in (1, 2)]
    batch = told(entry("20", *(detail("10", text=RF, ids=each) for each in ids), reference="N1"))
    single = [entry("10", detail(text=RF, ids=each), reference=f"M{n}") for n, each in enumerate(ids)]
    assert dedupes(batch) == dedupes(told(*single, message="054"))


def test_a_sum_whose_parts_are_known_is_suspected() -> None:
    parts = told(entry("30", detail("10", text=RF), detail("20", text=OTHER), reference="N1"), message="054")
    whole = told(entry("30", batch="<Btch><NbOfTxs>2</NbOfTxs></Btch>", reference="N1"))
    assert not same(whole, parts)
    assert suspects(whole, parts)
    assert suspects(parts, whole)


def test_a_file_that_leaves_the_ids_out_is_suspected() -> None:
    with_id = told(entry("10", detail(text=RF), reference="N1"))
    without = told(entry("10", detail(text="", structured=RF.lower())), message="054")
    assert without[0].keys.basis is KeyBasis.FACTS
    assert suspects(without, with_id)


def test_the_same_reference_and_amount_on_another_day_is_suspected() -> None:
    known = told(entry("10", detail(text=RF), reference="N1"), message="054")
    for again in (
        entry("10", booked="2026-11-21", note=f"REF {RF}"),
        entry("10", detail(ids=refs(EndToEndId=RF))),
        entry("10", detail(text=RF), booked="2026-11-21"),
        entry("10", detail(text=RF), booked="", valued=""),
    ):
        assert suspects(told(again), known)
    assert not suspects(told(entry("10", detail(text=OTHER), booked="2026-11-21")), known)


def test_the_same_text_without_a_reference_is_suspected_on_its_day_only() -> None:
    known = told(entry("10", detail(text="rent"), reference="N1"), message="054")
    assert suspects(told(entry("10", detail(text="rent"))), known)
    assert not suspects(told(entry("10", detail(text="rent"), booked="2026-12-20")), known)


def test_two_bank_ids_are_two_movements_even_when_all_else_is_equal() -> None:
    one, two = told(entry("10", detail(text=RF), reference="N1"), entry("10", detail(text=RF), reference="N2"))
    assert not is_same(one.keys, two.keys)


def test_without_ids_equal_transfers_of_one_file_are_two() -> None:
    twice = told(*[entry("10", detail(text=RF))] * 2)
    assert len(dedupes(twice)) == 2
    assert dedupes(twice) == dedupes(told(*[entry("10", detail(text=RF))] * 2, message="054"))


def test_without_ids_equal_transfers_in_two_statements_of_one_file_are_two_and_suspected() -> None:
    own = statement(entry("10", detail(text=RF)))
    one, two = transactions(camt(own, own, message="054"))
    assert is_suspect(one.keys, two.keys)


def test_with_ids_a_statement_repeated_in_one_file_is_the_same() -> None:
    own = statement(entry("10", detail(text=RF), reference="N1"))
    one, two = transactions(camt(own, own))
    assert one.dedupe == two.dedupe


def test_without_ids_lines_and_places_of_the_reference_do_not_matter() -> None:
    wrapped = told(entry("10", detail(text=f"Invoice 7|{RF[:7]}|{RF[7:]}")))
    structured = told(entry("10", detail(structured=RF)), message="054")
    assert dedupes(wrapped) == dedupes(structured)
    assert dedupes(told(entry("10", detail(text="a b|c")))) == dedupes(told(entry("10", detail(text="A|BC"))))


def test_without_ids_other_facts_are_other_money() -> None:
    base = detail(text=RF)
    [known] = told(entry("10", base))
    others = [
        told(entry("10.01", base)),
        told(entry("10", detail(text=OTHER))),
        told(entry("10", detail(text=RF, payer=IBAN))),
        told(entry("10", detail(text=RF, ids=refs(EndToEndId="E")))),
        told(entry("10", base, booked="2026-11-21")),
        told(entry("10", base, direction="DBIT")),
        told(entry("10", base, reversal="true")),
        told(entry("10", base, status="PDNG")),
        told(entry("10", base), account=PAYER),
    ]
    assert all(not is_same(other[0].keys, known.keys) for other in others)


def test_a_pending_entry_does_not_hide_the_booked_one() -> None:
    [pending], [booked] = (told(entry("10", reference="N1", status=status)) for status in ("PDNG", "BOOK"))
    assert not is_same(booked.keys, pending.keys)


def test_an_id_that_comes_again_is_other_money_that_somebody_looks_at() -> None:
    [known] = told(entry("10", reference="1"))
    [next_day] = told(entry("10", reference="1", booked="2026-11-21"))
    [fee] = told(entry("0.35", reference="1", direction="DBIT"))
    assert is_suspect(next_day.keys, known.keys)
    assert not is_same(fee.keys, known.keys)
    assert not is_suspect(fee.keys, known.keys)


def test_what_banks_write_instead_of_an_id() -> None:
    for filler in ("NOTPROVIDED", "NONREF", "n/a", "000000", "-"):
        assert of(entry("10", reference=filler))[0].keys.basis is KeyBasis.FACTS


def test_keys_do_not_show_what_they_are_made_of() -> None:
    [one] = told(entry("10", detail(text=RF), reference="N1"))
    assert {RF, PAYER, IBAN}.isdisjoint(repr(one.keys).split("'"))
    assert PAYER not in repr(one)
    assert RF not in repr(one)
