grant select on aspen.lineage_aliases to member, api_writer;
grant insert (pathogen_id, alias, patterns) on aspen.lineage_aliases to operator;
grant update (pathogen_id, alias, patterns) on aspen.lineage_aliases to operator;
grant delete on aspen.lineage_aliases to operator;

create policy lineage_aliases_select_member on aspen.lineage_aliases
for select to member, api_writer
using (true);

comment on policy lineage_aliases_select_member on aspen.lineage_aliases is
'Every signed-in user reads reference data';

create policy lineage_aliases_insert_operator on aspen.lineage_aliases
for insert to operator
with check (true);

comment on policy lineage_aliases_insert_operator on aspen.lineage_aliases is
'Operators keep the reference data';

create policy lineage_aliases_update_operator on aspen.lineage_aliases
for update to operator
using (true)
with check (true);

comment on policy lineage_aliases_update_operator on aspen.lineage_aliases is
'Operators keep the reference data';

create policy lineage_aliases_delete_operator on aspen.lineage_aliases
for delete to operator
using (true);

comment on policy lineage_aliases_delete_operator on aspen.lineage_aliases is
'Operators keep the reference data';
