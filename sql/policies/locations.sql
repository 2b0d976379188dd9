alter table aspen.locations enable row level security;

alter table aspen.locations force row level security;

grant select on aspen.locations to member, api_writer;
grant insert (
    region, country, division, location, latitude, longitude), update (
    region, country,
    division, location, latitude, longitude
), delete on aspen.locations to operator;

drop policy if exists locations_select_member on aspen.locations;

create policy locations_select_member on aspen.locations
for select
to member, api_writer
using (true);

comment on policy locations_select_member on aspen.locations is
'Every signed-in user reads reference data';

drop policy if exists locations_insert_operator on aspen.locations;

create policy locations_insert_operator on aspen.locations
for insert
to operator
with check (true);

comment on policy locations_insert_operator on aspen.locations is
'Operators keep the reference data';

drop policy if exists locations_update_operator on aspen.locations;

create policy locations_update_operator on aspen.locations
for update
to operator
using (true)
with check (true);

comment on policy locations_update_operator on aspen.locations is
'Operators keep the reference data';

drop policy if exists locations_delete_operator on aspen.locations;

create policy locations_delete_operator on aspen.locations
for delete
to operator
using (true);

comment on policy locations_delete_operator on aspen.locations is
'Operators keep the reference data; rows in use stay by foreign keys';

create or replace trigger locations_check_values
before insert or update on aspen.locations
for each row
execute function internal.check_values('region');

create or replace trigger locations_raise_problems
after insert or update on aspen.locations
for each statement
execute function internal.raise_problems();

create or replace trigger locations_refuse_noted_values
after insert or update on aspen.locations
for each statement
execute function internal.refuse_noted_values();

create or replace trigger locations_tidy_names
before insert or update of region, country, division, location on aspen.locations
for each row
execute function internal.tidy_location();
