-- After authz.identify_caller, which writes the headers of the response again. authz.admit_request
-- calls it only where the edge says that there are replicas: the number costs a request that writes
-- nothing a record in the log.
create or replace function authz.announce_transaction()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    if current_setting('transaction_read_only') = 'off' then
        perform internal.add_headers(jsonb_build_array(
            jsonb_build_object('Aspen-Transaction', pg_current_xact_id()::text)));
    end if;
end
$$;

comment on function authz.announce_transaction() is $$Say in the response which transaction it was

In the header Aspen-Transaction of whatever may write, for authz.await_transaction.$$;

revoke all on function authz.announce_transaction() from public;
grant execute on function authz.announce_transaction() to claims_reader;
