create or replace view api.groups
with (security_invoker = true)
as
select
    groups.id,
    groups.name,
    groups.prefix,
    groups.submitting_lab,
    groups.address,
    groups.division,
    groups.location,
    groups.default_tree_location_id,
    groups.created_at,
    groups.updated_at
from aspen.groups as groups;

comment on view api.groups is $$Groups

Direct members and admins read their groups and admins edit them; operators read and create all.$$;

comment on column api.groups.id is 'Key';
comment on column api.groups.name is 'Name, 3 to 128 characters, unique; set once';
comment on column api.groups.prefix is $$Part of generated public identifiers

2 to 25 characters, unique; set once.$$;
comment on column api.groups.submitting_lab is
'Laboratory named in submissions; null means the name of the group';
comment on column api.groups.address is 'Postal address; null if unknown';
comment on column api.groups.division is 'State or province the group works in; null if unknown';
comment on column api.groups.location is 'County or city the group works in; null if unknown';
comment on column api.groups.default_tree_location_id is $$Where distances on trees are measured from

See locations; null for nowhere.$$;
comment on column api.groups.created_at is 'When the group was created';
comment on column api.groups.updated_at is 'When the group was last changed';

grant select, update on api.groups to member;
grant insert on api.groups to operator;
