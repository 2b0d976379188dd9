-- NOTE: invite_members, revoke_invitation and accept_invitation alone write, as registrar.

grant select on aspen.invitations to claims_reader, registrar;
grant select (
    id, group_id, email, role, invited_by_id, created_at, expires_at, accepted_at, revoked_at
) on aspen.invitations to member;
grant insert (
    group_id, email, role, token_hash, invited_by_id, expires_at
) on aspen.invitations to registrar;
grant update (accepted_at, revoked_at) on aspen.invitations to registrar;

create policy invitations_select_member on aspen.invitations
for select to member
using (group_id = any(authz.member_groups()));

comment on policy invitations_select_member on aspen.invitations is
'Direct members and admins read the invitations of their group';

create policy invitations_select_operator on aspen.invitations
for select to operator
using (true);

comment on policy invitations_select_operator on aspen.invitations is
'Operators read the invitations of every group';

create policy invitations_select_claims_reader on aspen.invitations
for select to claims_reader
using (true);

comment on policy invitations_select_claims_reader on aspen.invitations is
'To find whether somebody without a user was invited';

create policy invitations_select_registrar on aspen.invitations
for select to registrar
using (true);

comment on policy invitations_select_registrar on aspen.invitations is
'To find the invitation of a link';

create policy invitations_insert_registrar on aspen.invitations
for insert to registrar
with check (true);

comment on policy invitations_insert_registrar on aspen.invitations is
'Admins and operators invite; internal.invite_members checks them';

create policy invitations_update_registrar on aspen.invitations
for update to registrar
using (true)
with check (true);

comment on policy invitations_update_registrar on aspen.invitations is
'Invitations are accepted and revoked';
