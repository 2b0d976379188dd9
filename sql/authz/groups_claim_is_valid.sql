create or replace function authz.groups_claim_is_valid(groups jsonb)
returns boolean
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
    -- Two steps, because a where clause may run in any order and jsonb_each fails on anything but
    -- an object.
    if jsonb_typeof(groups) is distinct from 'object' then
        return false;
    end if;
    return count(*) <= 1000 and coalesce(bool_and(
        entries.key ~ '^[1-9][0-9]{0,17}$' and entries.value in ('"admin"', '"member"', '"viewer"')
    ), true)
    from jsonb_each(groups) as entries;
end
$$;

comment on function authz.groups_claim_is_valid(jsonb) is
'Whether a groups claim maps up to 1000 group ids to a role';

revoke all on function authz.groups_claim_is_valid(jsonb) from public;
grant execute on function authz.groups_claim_is_valid(jsonb) to claims_reader;
