-- The row of the key is part of the transaction of the request: another request with the same key
-- waits at the unique index until this one ends, and then finds the row, or none if this one
-- failed. The edge puts all Idempotency-Key headers into Aspen-Idempotency-Key, because PostgREST
-- shows one of several, and the hash of the request into Aspen-Request-Hash.
create or replace function authz.admit_key()
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    given json := nullif(current_setting('request.headers', true), '')::json;
    key text := given ->> 'idempotency-key';
    claims json;
    lock_timeout text;
    is_new boolean;
    kept aspen.idempotency_keys;
begin
    -- What only reads can be sent again anyway. Without a user there is nothing to write.
    if key is null or current_setting('transaction_read_only') = 'on'
        or current_setting('role', true) not in ('member', 'operator')
    then
        return false;
    end if;
    key := coalesce(given ->> 'aspen-idempotency-key', key);
    if key !~ '^[!-~]+$' or length(key) > 255 then
        perform internal.fail(400, 'invalid_idempotency_key', 'The Idempotency-Key is invalid',
            json_build_object('length', length(key))::text,
            'Send one header with 1 to 255 visible ASCII characters, such as a UUID.');
    end if;
    claims := nullif(current_setting('request.jwt.claims', true), '')::json;
    -- Waits as long as the other request may take: the time limit of this one ends the wait.
    lock_timeout := current_setting('lock_timeout');
    perform set_config('lock_timeout', '0', true);
    insert into aspen.idempotency_keys as keys (
        subject, key_hash, path, request_hash, role_name, any_groups, full_groups
    )
    values (
        claims ->> 'sub',
        sha256(convert_to(key, 'UTF8')),
        current_setting('request.path', true),
        decode(substring(given ->> 'aspen-request-hash' from '^[0-9a-f]{64}$'), 'hex'),
        current_setting('role', true),
        current_setting('aspen.any_groups')::bigint[],
        current_setting('aspen.full_groups')::bigint[]
    )
    on conflict (subject, key_hash) do update set
        path = excluded.path,
        request_hash = excluded.request_hash,
        role_name = excluded.role_name,
        any_groups = excluded.any_groups,
        full_groups = excluded.full_groups,
        status = null,
        headers = null,
        body = null,
        created_at = excluded.created_at
    where keys.created_at <= now() - interval '24 hours'
    returning true into is_new;
    perform set_config('lock_timeout', lock_timeout, true);
    if is_new then
        perform
            set_config('aspen.idempotency_key', key, true),
            set_config('aspen.answer', '', true),
            set_config('aspen.answer_location', '', true);
        return true;
    end if;

    select keys.* into kept
    from aspen.idempotency_keys as keys
    where keys.subject = claims ->> 'sub' and keys.key_hash = sha256(convert_to(key, 'UTF8'));
    -- Without the edge nobody knows whether it is the same request.
    if kept.request_hash is null
        or encode(kept.request_hash, 'hex') is distinct from given ->> 'aspen-request-hash'
    then
        perform internal.fail(409, 'idempotency_key_reused',
            'Another request had this Idempotency-Key', json_build_object(
                'path', kept.path, 'created_at', kept.created_at)::text,
            'Nothing was executed. Send a new key with a new request.');
    end if;
    perform internal.fail(303, 'request_was_executed', 'The request was executed before', null,
        'GET /rpc/kept_answer with the same Idempotency-Key returns the answer.');
    return false;
end
$$;

comment on function authz.admit_key() is $$Execute a request with an Idempotency-Key once

Returns whether the request has a key and is the first with it; its answer is then kept for 24 hours. A
second one is refused: with 303, which the edge follows to kept_answer, or because it differs from the
first. Errors: 400 invalid_idempotency_key, 409 idempotency_key_reused, 303 request_was_executed.$$;

revoke all on function authz.admit_key() from public;
grant execute on function authz.admit_key() to claims_reader;
