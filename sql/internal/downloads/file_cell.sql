-- What tables accept as a name or a text is no formula and stays as it is, a telephone number and
-- a lone - included (internal.is_text). Names of tips and what Nextclade wrote follow no such rule.
-- The apostrophe before a formula is what control/terminal.py writes. Most cells are plain, so that
-- they are looked for first.
create or replace function internal.file_cell(value text, delimiter text)
returns text
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
    controls constant text :=
        '[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]';
    cell text := coalesce(value, '');
begin
    if cell !~ '[^A-Za-z0-9_./: -]|^-' then
        return cell;
    end if;
    cell := regexp_replace(cell, controls, U&'\FFFD', 'g');
    if cell ~ '^[\t\r\n=@\uff1d\uff20]|^[+\uff0b\uff0d-].*[^-+0-9 ().,/]'
        and cell !~ '^[+-]?[0-9.]+[eE][+-]?[0-9]+$'
    then
        cell := '''' || cell;
    end if;
    if cell ~ '["\t\r\n]' or strpos(cell, delimiter) > 0 then
        cell := '"' || replace(cell, '"', '""') || '"';
    end if;
    return cell;
end
$$;

comment on function internal.file_cell(text, text) is $$A value as a cell of CSV or TSV

Empty for null. Quoted if it contains a quote, a tab, a line end or the delimiter. A formula begins
with an apostrophe, so that a spreadsheet shows it; other control characters and changes of direction
become U+FFFD.$$;

revoke all on function internal.file_cell(text, text) from public;
grant execute on function internal.file_cell(text, text) to member, api_writer;
