-- Inlined into authz.identify_caller, and therefore stable, as a cast from text to an array is. A
-- path costs each request less than a query over jsonb_each.
create or replace function authz.claimed_groups(groups jsonb, keys jsonpath)
returns bigint[]
language sql
stable
security invoker
begin atomic
    select
        translate(
            jsonb_path_query_array(claimed_groups.groups, claimed_groups.keys)::text, '[]" ', '{}'
        )::bigint[];
end;

comment on function authz.claimed_groups(jsonb, jsonpath) is $$The groups that a valid groups claim names

keys chooses among them: $.keyvalue().key takes all. See authz.groups_claim_is_valid.$$;

revoke all on function authz.claimed_groups(jsonb, jsonpath) from public;
grant execute on function authz.claimed_groups(jsonb, jsonpath) to claims_reader;
