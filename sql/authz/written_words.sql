-- Without a `set` clause, so that it is inlined: it runs for every cell of a batch.
-- volatile, because it notes what is not usable.
create or replace function authz.written_words(cell json)
returns aspen.words
language sql
volatile
security invoker
begin atomic
    select
        case
            when json_typeof(written_words.cell) in ('string', 'null')
                then internal.cell_text(written_words.cell)
            when written_words.cell is not null
                then
                    E'\u0001' || internal.note_bad_value(written_words.cell, 'must be a text')
        end::aspen.words;
end;

comment on function authz.written_words(json) is
'The text that a cell of a request holds, null if it is blank';

revoke all on function authz.written_words(json) from public;
-- PostgREST sees a cast if its login may execute it.
grant execute on function authz.written_words(json)
to authenticator, anon, member, operator, job;

create cast (json as aspen.words) with function authz.written_words(json) as implicit;
