-- Without a `set` clause, so that it is inlined: it runs for every cell of a batch.
create or replace function internal.cell_text(cell json)
returns text
language sql
immutable
security invoker
begin atomic
    select internal.trimmed(cell_text.cell #>> '{}');
end;

comment on function internal.cell_text(json) is
'The text of a cell without white space around it; null if blank';

revoke all on function internal.cell_text(json) from public;
grant execute on function internal.cell_text(json) to anon, member, operator, job, api_writer;
