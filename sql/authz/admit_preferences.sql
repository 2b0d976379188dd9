-- planned and estimated come from the statistics of whole tables: one that filters by a text only
-- another group's private samples have learns that it is there, letter by letter.
-- PostgREST shows the last of several Prefer headers and obeys all: the edge folds them into one.
-- Asked for one JSON object, PostgREST makes a JSON string of a document or a file, under its type.
-- PostgREST 12 refuses max-affected beside handling=strict, so the edge takes it out there and puts
-- what the client sent into Aspen-Prefer.
create or replace function authz.admit_preferences(headers jsonb)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    max_affected text;
begin
    if headers ->> 'prefer' ~* '\mcount\s*=\W*(planned|estimated)' then
        perform internal.fail(400, 'count_not_allowed', 'Rows are counted exactly or not at all',
            null, 'Send Prefer: count=exact.');
    end if;
    -- Two conditions, because the second one starts an executor.
    if headers ->> 'accept' ~* '^\s*application/vnd\.pgrst\.object' then
        if exists (
            select
            from pg_catalog.pg_proc as functions
            inner join pg_catalog.pg_type as types on functions.prorettype = types.oid
            where functions.pronamespace = to_regnamespace(authz.api_version())
                and '/rpc/' || functions.proname = current_setting('request.path', true)
                and types.typname = '*/*'
        ) then
            perform internal.fail(415, 'PGRST107', 'The answer is a document and no JSON object',
                null, 'Leave Accept out.');
        end if;
    end if;
    if current_setting('request.method', true) in ('PATCH', 'DELETE') then
        -- Of several the first counts, as in PostgREST.
        max_affected := coalesce(btrim(substring(
            lower(coalesce(headers ->> 'aspen-prefer', headers ->> 'prefer'))
            from '(?:^|,)\s*max-affected\s*=([^,]*)'
        ), E' \t'), '100');
        if max_affected !~ '^[0-9]{1,18}$' then
            perform internal.fail(400, 'invalid_preference', 'A preference is invalid',
                json_build_object('max-affected', left(max_affected, 200))::text,
                'Send a number of rows: Prefer: max-affected=500.');
        end if;
        perform
            set_config('aspen.max_affected', max_affected, true),
            set_config('aspen.affected_rows', '', true);
    end if;
end
$$;

comment on function authz.admit_preferences(jsonb) is
$$Refuse counts by estimate, and bound what a PATCH or DELETE affects

An estimate depends on rows the caller may not see. A PATCH or DELETE affects at most 100 rows, or as
many as Prefer: max-affected=N says. Nor is a document sent as a JSON object. Errors: 400
count_not_allowed, invalid_preference; 415 PGRST107.$$;

revoke all on function authz.admit_preferences(jsonb) from public;
grant execute on function authz.admit_preferences(jsonb) to claims_reader;
