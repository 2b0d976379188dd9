-- Without a `set` clause, so that it is inlined: it runs for every cell of a batch.
-- volatile, because it notes what is not usable.
create or replace function authz.written_key(cell json)
returns aspen.key
language sql
volatile
security invoker
begin atomic
    select
        case
            when internal.cell_text(written_key.cell) is not null
                then
                    coalesce(
                        internal.parse_integer(internal.cell_text(written_key.cell)),
                        -4000000000000000000
                        - internal.note_bad_value(
                            written_key.cell, 'must be an integer of at most 18 digits'
                        )
                    )
        end::aspen.key;
end;

comment on function authz.written_key(json) is
'The id that a cell of a request holds, null if it is blank';

revoke all on function authz.written_key(json) from public;
-- PostgREST sees a cast if its login may execute it.
grant execute on function authz.written_key(json)
to authenticator, anon, member, operator, job;

create cast (json as aspen.key) with function authz.written_key(json) as implicit;
