-- jsonb writes each value in one way only, so its text is the cheapest to check: every request
-- does. Then each entry has one colon, and at least 14 characters. Inlined into
-- authz.identify_caller.
create or replace function authz.groups_claim_is_valid(groups jsonb)
returns boolean
language sql
immutable
security invoker
begin atomic
    select
        coalesce(
            groups_claim_is_valid.groups::text
            ~ '^{(?:(?:, )?"[1-9][0-9]{0,17}": "(?:admin|member|viewer)")*}$'
            and (
                octet_length(groups_claim_is_valid.groups::text) < 14000
                or regexp_count(groups_claim_is_valid.groups::text, ':') <= 1000
            ),
            false
        );
end;

comment on function authz.groups_claim_is_valid(jsonb) is
'Whether a groups claim maps up to 1000 group ids to a role';

revoke all on function authz.groups_claim_is_valid(jsonb) from public;
grant execute on function authz.groups_claim_is_valid(jsonb) to claims_reader;
