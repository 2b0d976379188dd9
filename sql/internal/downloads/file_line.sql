create or replace function internal.file_line(cells text[], delimiter text)
returns text
language sql
immutable
security invoker
begin atomic
    select
        string_agg(
            internal.file_cell(cells.cell, file_line.delimiter),
            file_line.delimiter
            order by cells.position
        ) || E'\r\n'
    from unnest(file_line.cells) with ordinality as cells (cell, position);
end;

comment on function internal.file_line(text[], text) is
'Cells as a line of CSV or TSV, with CR and LF at its end';

revoke all on function internal.file_line(text[], text) from public;
grant execute on function internal.file_line(text[], text) to member, api_writer;
