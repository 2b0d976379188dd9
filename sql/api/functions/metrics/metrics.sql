-- Returns api."*/*", so that every Accept header of a Prometheus gets it. Volatile functions answer
-- POST only, and this one reads: it is stable for PostgREST, and the clock it reads is that of
-- internal.metrics.
create or replace function api.metrics()
returns api."*/*"
language sql
stable
security invoker
set statement_timeout = '5s'
begin atomic
    select
        internal.add_headers(
            jsonb_build_array(
                jsonb_build_object(
                    'Content-Type', 'application/openmetrics-text; version=1.0.0; charset=utf-8'
                )
            )
        );

    select internal.metrics();
end;

comment on function api.metrics() is $$What operators watch, in the text form of OpenMetrics

For operators, and for Prometheus with the token of one: jobs, workers, queues, connections, replicas, tables.
It has numbers of all groups, by their ids, and no row of any. control metrics serve adds what only the edge
knows: requests, errors, times.$$;

revoke all on function api.metrics() from public;
grant execute on function api.metrics() to operator;
