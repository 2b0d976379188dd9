alter table aspen.pathogens enable row level security;

alter table aspen.pathogens force row level security;

grant select on aspen.pathogens to member, api_writer;
grant insert (
    slug, name, organism, default_repository_id, contextual_repository_id,
    lineage_caller, nextclade_dataset_name, has_lineage_filter, has_usher), update (
    slug, name,
    organism, default_repository_id, contextual_repository_id, lineage_caller,
    nextclade_dataset_name, has_lineage_filter, has_usher
),
delete on aspen.pathogens to operator;
grant select (id, lineage_caller, nextclade_dataset_name) on aspen.pathogens to results_keeper;

drop policy if exists pathogens_select_member on aspen.pathogens;

create policy pathogens_select_member on aspen.pathogens
for select
to member, api_writer
using (true);

comment on policy pathogens_select_member on aspen.pathogens is
'Every signed-in user reads reference data';

drop policy if exists pathogens_insert_operator on aspen.pathogens;

create policy pathogens_insert_operator on aspen.pathogens
for insert
to operator
with check (true);

comment on policy pathogens_insert_operator on aspen.pathogens is
'Operators keep the reference data';

drop policy if exists pathogens_update_operator on aspen.pathogens;

create policy pathogens_update_operator on aspen.pathogens
for update
to operator
using (true)
with check (true);

comment on policy pathogens_update_operator on aspen.pathogens is
'Operators keep the reference data';

drop policy if exists pathogens_delete_operator on aspen.pathogens;

create policy pathogens_delete_operator on aspen.pathogens
for delete
to operator
using (true);

comment on policy pathogens_delete_operator on aspen.pathogens is
'Operators keep the reference data; rows in use stay by foreign keys';

drop policy if exists pathogens_select_results_keeper on aspen.pathogens;

create policy pathogens_select_results_keeper on aspen.pathogens
for select
to results_keeper
using (true);

comment on policy pathogens_select_results_keeper on aspen.pathogens is
'To know which jobs a pathogen has';

create or replace trigger pathogens_check_values
before insert or update on aspen.pathogens
for each row
execute function internal.check_values('slug', 'name', 'organism');

create or replace trigger pathogens_raise_problems
after insert or update on aspen.pathogens
for each statement
execute function internal.raise_problems();

create or replace trigger pathogens_refuse_noted_values
after insert or update on aspen.pathogens
for each statement
execute function internal.refuse_noted_values();
