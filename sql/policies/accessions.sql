-- NOTE: no write is granted: job outputs are registered by the control plane.
-- The fence says word for word what the select policy says (policies/samples.sql).

grant select on aspen.accessions to member;

create policy accessions_select_group on aspen.accessions
for select to member
using (
    group_id = any(authz.any_groups())
    and (disclosed_at <= now() or group_id = any(authz.full_groups()))
);

comment on policy accessions_select_group on aspen.accessions is
'Like the sample: viewers see the row once it is disclosed';
