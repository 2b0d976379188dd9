-- Without a `set` clause, so that it is inlined: it runs for every cell of a batch.
-- volatile, because it notes what is not usable.
create or replace function authz.written_flag(cell json)
returns aspen.flag
language sql
volatile
security invoker
begin atomic
    select
        case
            when internal.cell_text(written_flag.cell) is not null
                then
                    coalesce(
                        internal.parse_boolean(internal.cell_text(written_flag.cell)),
                        nullif(
                            internal.note_bad_value(
                                written_flag.cell, 'must be true or false', true
                            )
                            < 0,
                            false
                        )
                    )
        end::aspen.flag;
end;

comment on function authz.written_flag(json) is
'The boolean that a cell of a request holds, null if it is blank';

revoke all on function authz.written_flag(json) from public;
-- PostgREST sees a cast if its login may execute it.
grant execute on function authz.written_flag(json)
to authenticator, anon, member, operator, job;

create cast (json as aspen.flag) with function authz.written_flag(json) as implicit;
