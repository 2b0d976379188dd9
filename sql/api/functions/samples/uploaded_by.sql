-- A computed field, not a column of the view: a list that does not need it costs nothing more. The
-- row is read again, because the argument may say anything.
create or replace function api.uploaded_by(api.samples)
returns jsonb
language sql
stable
security invoker
-- Planning it again for every row costs more than running it.
set plan_cache_mode = 'force_generic_plan'
-- A plan made while the table was empty would read it from end to end.
set enable_seqscan = 'off'
begin atomic
    select authz.named_user(samples.uploaded_by_id)
    from aspen.samples as samples
    where samples.id = ($1).id;
end;

comment on function api.uploaded_by(api.samples) is $$The user who uploaded the sample

Computed column, not part of `*`; request it: select=*,uploaded_by. {"id", "name"}; null if unknown.
Whoever sees the row sees it.$$;

revoke all on function api.uploaded_by(api.samples) from public;
grant execute on function api.uploaded_by(api.samples) to member;
