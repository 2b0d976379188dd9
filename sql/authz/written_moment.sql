-- Without a `set` clause, so that it is inlined: it runs for every cell of a batch.
-- volatile, because it notes what is not usable.
create or replace function authz.written_moment(cell json)
returns aspen.moment
language sql
volatile
security invoker
begin atomic
    select
        case
            when internal.cell_text(written_moment.cell) is not null
                then
                    coalesce(
                        internal.parse_moment(internal.cell_text(written_moment.cell)),
                        timestamptz '0001-01-01 00:00:00+00 BC'
                        - internal.note_bad_value(
                            written_moment.cell,
                            'must be a time in ISO 8601, like 2026-01-31T12:00:00Z'
                        )
                        * interval '1 day'
                    )
        end::aspen.moment;
end;

comment on function authz.written_moment(json) is
'The moment that a cell of a request holds, null if it is blank';

revoke all on function authz.written_moment(json) from public;
-- PostgREST sees a cast if its login may execute it.
grant execute on function authz.written_moment(json)
to authenticator, anon, member, operator, job;

create cast (json as aspen.moment) with function authz.written_moment(json) as implicit;
