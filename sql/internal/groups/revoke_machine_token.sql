-- definer because nobody who calls may write machine tokens; row-level security applies to
-- api_writer as well, so a token that the caller does not see is as if absent.
create or replace function internal.revoke_machine_token(id bigint)
returns setof api.machine_tokens
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    owner_id bigint;
begin
    select tokens.group_id into owner_id
    from aspen.machine_tokens as tokens
    where tokens.id = revoke_machine_token.id;
    if owner_id is null then
        perform internal.fail(404, 'machine_token_not_found', 'There is no such machine token',
            json_build_object('id', revoke_machine_token.id)::text,
            'Look it up in machine_tokens.');
    end if;
    -- A program ends no tokens, neither its own nor others of its user.
    if authz.machine_token_id() is not null then
        perform authz.require_member(owner_id, 'You cannot revoke machine tokens', 'admin');
    end if;
    update aspen.machine_tokens as tokens
    set revoked_at = now()
    where tokens.id = revoke_machine_token.id and tokens.revoked_at is null;
    return query
    select tokens.* from api.machine_tokens as tokens where tokens.id = revoke_machine_token.id;
end
$$;

comment on function internal.revoke_machine_token(bigint) is
'Revoke a machine token for api.revoke_machine_token, as api_writer';

revoke all on function internal.revoke_machine_token(bigint) from public;
grant execute on function internal.revoke_machine_token(bigint) to member;
