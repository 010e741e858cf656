"""How names and references are made comparable. Only text lives here; nothing about money.

The rules are SQL macros, so that one definition serves candidates, features and explanations, and a
person can run them on a value that puzzles her. References: separators carry no meaning ("INV-2024/17" is
"INV202417"), and the digits alone, without leading zeros, are a weaker form ("17" of "INV-0017"), because
banks and customers drop prefixes. An ISO 11649 creditor reference (RF + check digits) is reduced to the
reference it wraps.
"""

LEGAL_FORMS = (
    "GMBH|MBH|AG|KG|OHG|UG|SE|EK|EV|LTD|LIMITED|PLC|LLP|LLC|INC|INCORPORATED|CORP|CORPORATION|CO|COMPANY|"
    "SA|SAS|SARL|SRL|SPA|BV|NV|OY|OYJ|AB|AS|APS|KFT|ZRT|DOO|SRO|PTY|GBR|UND|AND|THE|MR|MRS|MS|DR|HERR|FRAU"
)

MACROS = f"""
create or replace temp macro ref_key(value) as regexp_replace(upper(value), '[^A-Z0-9]', '', 'g');
create or replace temp macro ref_digits(value) as ltrim(regexp_replace(value, '[^0-9]', '', 'g'), '0');
-- The last run of digits of a number made of parts, without its zeros, padded to four: "INV-2026-00138" is "0138".
create or replace temp macro padded(digits) as
    case when length(ltrim(digits, '0')) < 4 then right('0000' || ltrim(digits, '0'), 4) else ltrim(digits, '0') end;
-- Where the year comes last ("FV/138/2026"), the number is the longest run before it, the first of equals ("17/03/2026").
create or replace temp macro longest_digits(value) as
    list_sort(list_transform(regexp_extract_all(value, '[0-9]+'), (run, place) -> {{'n': length(run), 'first': -place, 'run': run}}), 'desc')[1].run;
create or replace temp macro serial_digits(value) as
    case
        when regexp_matches(value, '[0-9][^0-9]+(19|20)[0-9]{{2}}$')
            then padded(longest_digits(regexp_replace(value, '[^0-9]+(19|20)[0-9]{{2}}$', '')))
        when regexp_matches(value, '[0-9][^0-9]+[0-9]+[^0-9]*$') then padded(regexp_extract(value, '([0-9]+)[^0-9]*$', 1))
    end;
create or replace temp macro creditor_reference(value) as
    case
        when upper(left(value, 2)) = 'RF' and regexp_matches(ref_key(value), '^RF[0-9]{{2}}[0-9A-Z]{{1,21}}$') then substr(ref_key(value), 5)
        else value
    end;
-- The same for tokens that TEXT_REFERENCES cut out, which are upper case already. (translate() costs four times as much.)
create or replace temp macro token_key(token) as regexp_replace(token, '[./_#: -]+', '', 'g');
create or replace temp macro token_digits(token) as ltrim(regexp_replace(token, '[^0-9]+', '', 'g'), '0');
create or replace temp macro folded(value) as
    regexp_replace(
        strip_accents(upper(replace(replace(value, 'ß', 'ss'), '&', ' AND '))), '[^A-Z0-9]+', ' ', 'g'
    );
-- Transliterations meet in the middle: MUELLER and MÜLLER both become MULLER.
create or replace temp macro party_key(value) as
    trim(regexp_replace(regexp_replace(
        regexp_replace(' ' || replace(folded(value), ' ', '  ') || ' ', ' ({LEGAL_FORMS}) ', ' ', 'g'),
        '([AOU])E', '\\1', 'g'
    ), ' +', ' ', 'g'));
"""

#: Tokens of free text that can be a document number: at least three digits in a row.
TEXT_REFERENCES = """
select row, unnest(
    regexp_extract_all(upper(text), '[A-Z0-9][A-Z0-9./_#-]*[0-9]{3,}[A-Z0-9./_-]*|[0-9]{3,}[A-Z0-9./_-]*')
    || regexp_extract_all(upper(text), '[A-Z]{1,6}[ ._/#:-]{1,3}[0-9]{3,}')
    || case when regexp_matches(text, '[0-9] {1,2}[0-9]')
        then regexp_extract_all(upper(text), '(?:[A-Z]{1,6}[ ._/#:-]{0,3})?[0-9]{2,4} {1,2}[0-9]{3,}')
            || regexp_extract_all(text, '[0-9]{1,4}(?: [0-9]{2,4}){2,}') else [] end
    || case when regexp_matches(text, '[0-9]{4,}[A-Za-z./_-]+[0-9]') then regexp_extract_all(text, '[0-9]{4,}') else [] end
) as raw
from item
where text is not null and regexp_matches(text, '[0-9]{3,}')
"""
