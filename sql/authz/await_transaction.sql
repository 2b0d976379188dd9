-- A snapshot of a replica does not list which transactions are under way (pg_snapshot_xip), so each
-- is asked for by itself. One that the replica has not heard of would be an error: not asked for.
create or replace function authz.await_transaction(headers jsonb)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    awaited xid8[];
begin
    awaited := string_to_array(substring(
        headers ->> 'aspen-transaction' from '^\d{1,19}(?:,\d{1,19}){0,9}$'), ',')::xid8[];
    for attempt in 1..21 loop
        if not exists (
            select
            from unnest(awaited) as transactions (id)
            where case
                when transactions.id >= pg_snapshot_xmax(pg_current_snapshot()) then true
                else pg_xact_status(transactions.id) = 'in progress'
            end
        ) then
            return;
        end if;
        perform pg_sleep(0.01);
    end loop;
    perform internal.fail(503, 'replica_behind', 'A replica does not have your last change yet', null,
        'The edge asks the primary instead. Without it, send the request again.');
end
$$;

comment on function authz.await_transaction(jsonb) is $$Wait until a replica has what the caller wrote

The header Aspen-Transaction names up to ten transactions, as the answers to them did
(authz.announce_transaction). A replica waits 0.2 s for them; the primary has them and is not asked. Errors:
503 replica_behind.$$;

revoke all on function authz.await_transaction(jsonb) from public;
grant execute on function authz.await_transaction(jsonb) to claims_reader;
