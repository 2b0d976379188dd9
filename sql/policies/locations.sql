grant select on aspen.locations to member, api_writer;
grant insert (
    region, country, division, location, latitude, longitude
) on aspen.locations to operator;
grant insert (region, country, division, location) on aspen.locations to api_writer;
grant update (
    region, country, division, location, latitude, longitude
) on aspen.locations to operator;
grant delete on aspen.locations to operator;
grant select on aspen.locations to job_runner;

create policy locations_select_member on aspen.locations
for select to member, api_writer
using (true);

comment on policy locations_select_member on aspen.locations is
'Every signed-in user reads reference data';

create policy locations_insert_operator on aspen.locations
for insert to operator
with check (true);

comment on policy locations_insert_operator on aspen.locations is
'Operators keep the reference data';

create policy locations_insert_writer on aspen.locations
for insert to api_writer
with check (true);

comment on policy locations_insert_writer on aspen.locations is
'Batches of samples create the locations that they name';

create policy locations_update_operator on aspen.locations
for update to operator
using (true)
with check (true);

comment on policy locations_update_operator on aspen.locations is
'Operators keep the reference data';

create policy locations_delete_operator on aspen.locations
for delete to operator
using (true);

comment on policy locations_delete_operator on aspen.locations is
'Operators keep the reference data; rows in use stay by foreign keys';

create policy locations_select_job_runner on aspen.locations
for select to job_runner
using (true);

comment on policy locations_select_job_runner on aspen.locations is
'Reference data';
