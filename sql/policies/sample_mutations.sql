-- NOTE: no write is granted: job outputs are registered by the control plane.
-- The fence says word for word what the select policy says (policies/samples.sql).

grant select on aspen.sample_mutations to member;
grant select (id, group_id, sample_id), delete on aspen.sample_mutations to results_keeper;

create policy sample_mutations_select_group on aspen.sample_mutations
for select to member
using (
    group_id = any(authz.any_groups())
    and (disclosed_at <= now() or group_id = any(authz.full_groups()))
);

comment on policy sample_mutations_select_group on aspen.sample_mutations is
'Like the sample: viewers see the row once it is disclosed';

create policy sample_mutations_select_results_keeper on aspen.sample_mutations
for select to results_keeper
using (true);

comment on policy sample_mutations_select_results_keeper on aspen.sample_mutations is
'Found by the sample whose sequence changed';

create policy sample_mutations_delete_results_keeper on aspen.sample_mutations
for delete to results_keeper
using (true);

comment on policy sample_mutations_delete_results_keeper on aspen.sample_mutations is
'Results of a sequence that was replaced or deleted go';
