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

comment on view api.groups is $$Groups that own samples, jobs and trees

Direct members and admins read their group, and admins change it. Operators read and create all
groups. Viewers see the names of their groups in me. PATCH changes submitting_lab, address, division,
location and default_tree_location_id; groups are not deleted. Errors: 400 invalid_value, 400 23514 if a
value breaks the rule of its column; 403 42501; 409 23503 if the location does not exist, 409 23505 if
name or prefix is taken.$$;

comment on column api.groups.id is 'Identifier of the row';
comment on column api.groups.name is $$Name of the group

3 to 128 characters, unique. Set when the group is created.$$;
comment on column api.groups.prefix is $$Part of generated public identifiers: CA-CDPH

2 to 25 characters, unique. Set when the group is created.$$;
comment on column api.groups.submitting_lab is $$Laboratory named in submissions

3 to 128 characters; null means the name of the group.$$;
comment on column api.groups.address is 'Postal address, up to 1,000 characters; null if unknown';
comment on column api.groups.division is 'State or province where the group works; null if unknown';
comment on column api.groups.location is 'County or city where the group works; null if unknown';
comment on column api.groups.default_tree_location_id is
$$Location from which trees measure distances

See locations. Null if none is set.$$;
comment on column api.groups.created_at is 'When the group was created';
comment on column api.groups.updated_at is 'When the group was last changed';

grant select, update on api.groups to member;
grant insert on api.groups to operator;
