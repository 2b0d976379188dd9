grant select on aspen.lineages to member, api_writer;
grant insert (pathogen_id, lineage) on aspen.lineages to operator;
grant update (pathogen_id, lineage) on aspen.lineages to operator;
grant delete on aspen.lineages to operator;

create policy lineages_select_member on aspen.lineages
for select to member, api_writer
using (true);

comment on policy lineages_select_member on aspen.lineages is
'Every signed-in user reads reference data';

create policy lineages_insert_operator on aspen.lineages
for insert to operator
with check (true);

comment on policy lineages_insert_operator on aspen.lineages is 'Operators keep the reference data';

create policy lineages_update_operator on aspen.lineages
for update to operator
using (true)
with check (true);

comment on policy lineages_update_operator on aspen.lineages is 'Operators keep the reference data';

create policy lineages_delete_operator on aspen.lineages
for delete to operator
using (true);

comment on policy lineages_delete_operator on aspen.lineages is
'Operators keep the reference data; rows in use stay by foreign keys';
