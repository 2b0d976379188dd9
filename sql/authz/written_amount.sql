-- Without a `set` clause, so that it is inlined: it runs for every cell of a batch.
-- volatile, because it notes what is not usable.
create or replace function authz.written_amount(cell json)
returns aspen.amount
language sql
volatile
security invoker
begin atomic
    select
        case
            when internal.cell_text(written_amount.cell) is not null
                then
                    coalesce(
                        internal.parse_number(internal.cell_text(written_amount.cell)),
                        -1000000000000::double precision
                        - internal.note_bad_value(written_amount.cell, 'must be a number')
                    )
        end::aspen.amount;
end;

comment on function authz.written_amount(json) is
'The number that a cell of a request holds, null if it is blank';

revoke all on function authz.written_amount(json) from public;
-- PostgREST sees a cast if its login may execute it.
grant execute on function authz.written_amount(json)
to authenticator, anon, member, operator, job;

create cast (json as aspen.amount) with function authz.written_amount(json) as implicit;
