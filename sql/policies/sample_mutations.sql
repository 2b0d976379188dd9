-- NOTE: no write is granted: job outputs are registered by the control plane.
-- structure.sql adds the policy by which members read the rows of samples that they see.

grant select on aspen.sample_mutations to member;
grant select (id, group_id, sample_id), delete on aspen.sample_mutations to results_keeper;

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
