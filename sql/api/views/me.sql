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
where users.id = nullif(current_setting('aspen.user_id', true), '')::bigint;

comment on view api.me is $$The caller

One row. Settable: name, agreed_to_tos, acknowledged_policy_version, gisaid_submitter_id.$$;

comment on column api.me.id is 'Key';
comment on column api.me.subject is 'The sub claim of the token';
comment on column api.me.name is 'Name, 1 to 128 characters; settable';
comment on column api.me.email is 'E-mail address';
comment on column api.me.is_operator is 'Whether tokens with role operator are accepted';
comment on column api.me.agreed_to_tos is 'Whether the terms of service were accepted; settable';
comment on column api.me.acknowledged_policy_version is
'Date of the policy version last acknowledged, null if none; settable';
comment on column api.me.gisaid_submitter_id is 'GISAID account name for submissions, null if none; settable';
comment on column api.me.groups is $$The groups the caller may see

[{id, name, role, is_granted}]; role is admin, member or viewer, held directly or by grant.$$;
comment on column api.me.created_at is 'When the user was created';

grant select, update on api.me to member;
