-- It looks the token up by its key, in each request, so that revoking counts at once. Requests to
-- read come in transactions that cannot write, so the use is told to whoever listens: a chore of
-- the worker notes it (control/jobs/work/token_uses.py).
create or replace function authz.find_machine_token(claims jsonb)
returns aspen.machine_tokens
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    token aspen.machine_tokens;
begin
    select tokens.* into token
    from aspen.machine_tokens as tokens
    where tokens.id = substring(claims ->> 'machine_token_id' from '^[1-9][0-9]{0,17}$')::bigint
        and tokens.revoked_at is null
        and tokens.expires_at > now();
    if token.id is null then
        perform internal.fail(401, 'token_revoked', 'This token was revoked', null,
            'Ask an admin of the group for a new machine token.');
    end if;
    if current_setting('role', true) is distinct from 'member' then
        perform internal.fail(403, 'role_not_allowed', 'This role cannot use the API');
    end if;
    -- PostgREST begins whatever can write in a transaction that may: POST of rows and of volatile
    -- functions, PATCH, PUT and DELETE. In any other one PostgreSQL itself refuses to write.
    if token.scope = 'read' and current_setting('transaction_read_only') = 'off' then
        perform internal.fail(403, 'token_is_read_only', 'This machine token can only read',
            json_build_object('id', token.id)::text,
            'Use a machine token with the scope write.');
    end if;
    if (token.last_used_at is null or token.last_used_at < now() - interval '1 minute')
        -- A replica can tell nobody.
        and not pg_is_in_recovery()
    then
        perform pg_notify('machine_token_used', token.id::text);
    end if;
    return token;
end
$$;

comment on function authz.find_machine_token(jsonb) is $$The machine token that the claims name

Errors: 401 token_revoked, also for one that expired; 403 role_not_allowed, token_is_read_only.$$;

revoke all on function authz.find_machine_token(jsonb) from public;
grant execute on function authz.find_machine_token(jsonb) to claims_reader;
