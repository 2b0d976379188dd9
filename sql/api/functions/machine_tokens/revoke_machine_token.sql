create or replace function api.revoke_machine_token(id bigint)
returns setof api.machine_tokens
language sql
volatile
security invoker
rows 1
begin atomic
    select internal.revoke_machine_token(revoke_machine_token.id);
end;

comment on function api.revoke_machine_token(bigint) is $$Revoke a machine token

id: a token in machine_tokens, of a group where you are directly admin or one that acts as you. Its next
request is refused. Returns the token; one that was revoked stays as it is. Errors: 403
group_access_denied for a machine token, 404 machine_token_not_found.$$;

revoke all on function api.revoke_machine_token(bigint) from public;
grant execute on function api.revoke_machine_token(bigint) to member;
