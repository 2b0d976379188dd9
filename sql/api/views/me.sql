create or replace view api.me
with (security_invoker = true)
as
select
    users.id,
    users.subject,
    users.name,
    users.email,
    users.is_operator,
    users.agreed_to_tos,
    users.acknowledged_policy_version,
    users.gisaid_submitter_id,
    authz.caller_groups() as groups,
    users.created_at
from aspen.users as users
where users.id = authz.caller_id();

comment on view api.me is $$The caller

One row; none before an invited person has accepted. PATCH changes name, agreed_to_tos,
acknowledged_policy_version and gisaid_submitter_id. Errors: 400 invalid_value, 400 23514 if a value breaks
the rule of its column; 403 42501 for another column.$$;

comment on column api.me.id is 'Identifier of the row';
comment on column api.me.subject is 'sub claim of the token';
comment on column api.me.name is 'Name, 1 to 128 characters; the caller may change it';
comment on column api.me.email is 'E-mail address';
comment on column api.me.is_operator is 'Whether tokens with the role operator are accepted';
comment on column api.me.agreed_to_tos is $$Whether the caller accepted the terms of service

The caller may change it.$$;
comment on column api.me.acknowledged_policy_version is
$$Date of the policy version that the caller last acknowledged

Null if none. The caller may change it.$$;
comment on column api.me.gisaid_submitter_id is $$GISAID account name for submissions

Up to 128 characters; null if none. The caller may change it.$$;
comment on column api.me.groups is $$Groups that the caller may see

[{"id": 3, "name": "…", "role": "admin", "is_granted": false, "ends_at": null, "may": ["read", …]}]. role
is admin, member or viewer; is_granted tells whether it comes from a grant to another group instead of
from a direct role, and ends_at when that grant ends, null for never. may lists what the caller may do:
read (samples neither private nor restricted, runs, trees), read_private (all samples, identifiers,
sequences), change (samples, sequences, runs), create (samples, runs), read_members (the group, its
members, grants and invitations), manage (edit the group, set roles, remove, invite, grant).$$;
comment on column api.me.created_at is 'When the user was created';

grant select, update on api.me to member;
