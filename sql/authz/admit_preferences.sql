-- planned and estimated come from the statistics of whole tables: one that filters by a text only
-- another group's private samples have learns that it is there, letter by letter.
-- PostgREST shows the last of several Prefer headers and obeys all: the edge folds them into one.
create or replace function authz.admit_preferences()
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    if nullif(current_setting('request.headers', true), '')::json ->> 'prefer'
        ~* '\mcount\s*=\W*(planned|estimated)'
    then
        perform internal.fail(400, 'count_not_allowed', 'Rows are counted exactly or not at all',
            null, 'Send Prefer: count=exact.');
    end if;
end
$$;

comment on function authz.admit_preferences() is $$Refuses to count rows by estimate

An estimate depends on rows the caller may not see. Errors: 400 count_not_allowed.$$;

revoke all on function authz.admit_preferences() from public;
grant execute on function authz.admit_preferences() to claims_reader;
