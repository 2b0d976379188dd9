-- An answer is shown to who got it, as long as they still see what they saw then: a disabled user
-- and a revoked token were refused before. definer because no API role may read idempotency_keys.
create or replace function internal.kept_answer()
returns text
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    key text := nullif(current_setting('request.headers', true), '')::json ->> 'idempotency-key';
    kept aspen.idempotency_keys;
begin
    select keys.* into kept
    from aspen.idempotency_keys as keys
    where keys.subject = nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub'
        and keys.key_hash = sha256(convert_to(key, 'UTF8'))
        and keys.created_at > now() - interval '24 hours';
    if kept.subject is null then
        perform internal.fail(404, 'answer_not_found',
            'You sent no request with this Idempotency-Key that was executed', null,
            'Send the request: it was not executed, or more than 24 hours ago.');
    end if;
    if kept.role_name is distinct from current_setting('role', true)
        or not kept.any_groups <@ current_setting('aspen.any_groups')::bigint[]
        or not kept.full_groups <@ current_setting('aspen.full_groups')::bigint[]
    then
        perform internal.fail(409, 'answer_withheld',
            'The request was executed, but you may not see all of its answer any more',
            json_build_object('path', kept.path, 'created_at', kept.created_at)::text,
            'Read the rows that you may see.');
    end if;
    if kept.status is null then
        perform internal.fail(409, 'answer_not_kept',
            'The request was executed, but its answer was not kept',
            json_build_object('path', kept.path, 'created_at', kept.created_at)::text,
            'Read the rows. Answers are kept that are JSON and not longer than 16,000,000 characters.');
    end if;
    perform
        set_config('response.status', kept.status::text, true),
        internal.add_headers(kept.headers || '[{"Idempotency-Replayed": "true"}]');
    return kept.body;
end
$$;

comment on function internal.kept_answer() is 'The answer for api.kept_answer, as claims_reader';

revoke all on function internal.kept_answer() from public;
grant execute on function internal.kept_answer() to member;
