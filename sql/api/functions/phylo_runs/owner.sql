-- A computed field, not a column of the view: a list that does not need it costs nothing more.
create or replace function api.owner(api.phylo_runs)
returns jsonb
language sql
stable
security invoker
begin atomic
    select authz.named_group(($1).group_id);
end;

comment on function api.owner(api.phylo_runs) is $$The group that owns the run

Computed column, not part of `*`; request it: select=*,owner. {"id", "name", "division", "location"}: where
the group works, null if unknown. Whoever sees the row sees it.$$;

revoke all on function api.owner(api.phylo_runs) from public;
grant execute on function api.owner(api.phylo_runs) to member;
