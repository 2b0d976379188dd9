grant select on aspen.pathogens to member, api_writer;
grant insert (
    slug, name, organism, default_repository_id, contextual_repository_id, lineage_caller,
    nextclade_dataset_name, has_lineage_filter, has_usher, host
) on aspen.pathogens to operator;
grant update (
    slug, name, organism, default_repository_id, contextual_repository_id, lineage_caller,
    nextclade_dataset_name, has_lineage_filter, has_usher, host
) on aspen.pathogens to operator;
grant delete on aspen.pathogens to operator;
grant select (id, lineage_caller, nextclade_dataset_name) on aspen.pathogens to results_keeper;
grant select on aspen.pathogens to job_runner;

create policy pathogens_select_member on aspen.pathogens
for select to member, api_writer
using (true);

comment on policy pathogens_select_member on aspen.pathogens is
'Every signed-in user reads reference data';

create policy pathogens_insert_operator on aspen.pathogens
for insert to operator
with check (true);

comment on policy pathogens_insert_operator on aspen.pathogens is
'Operators keep the reference data';

create policy pathogens_update_operator on aspen.pathogens
for update to operator
using (true)
with check (true);

comment on policy pathogens_update_operator on aspen.pathogens is
'Operators keep the reference data';

create policy pathogens_delete_operator on aspen.pathogens
for delete to operator
using (true);

comment on policy pathogens_delete_operator on aspen.pathogens is
'Operators keep the reference data; rows in use stay by foreign keys';

create policy pathogens_select_results_keeper on aspen.pathogens
for select to results_keeper
using (true);

comment on policy pathogens_select_results_keeper on aspen.pathogens is
'To know which jobs a pathogen has';

create policy pathogens_select_job_runner on aspen.pathogens
for select to job_runner
using (true);

comment on policy pathogens_select_job_runner on aspen.pathogens is
'Reference data';
