-- Without a `set` clause, so that it is inlined: it runs for every cell of a batch.
-- volatile, because it notes what is not usable.
create or replace function authz.written_day(cell json)
returns aspen.day
language sql
volatile
security invoker
begin atomic
    select
        case
            when internal.cell_text(written_day.cell) is not null
                then
                    coalesce(
                        internal.parse_date(internal.cell_text(written_day.cell)),
                        date '0001-01-01 BC'
                        - internal.note_bad_value(written_day.cell, 'must be a date YYYY-MM-DD')
                    )
        end::aspen.day;
end;

comment on function authz.written_day(json) is
'The day that a cell of a request holds, null if it is blank';

revoke all on function authz.written_day(json) from public;
-- PostgREST sees a cast if its login may execute it.
grant execute on function authz.written_day(json)
to authenticator, anon, member, operator, job;

create cast (json as aspen.day) with function authz.written_day(json) as implicit;
