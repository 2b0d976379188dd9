-- NOTE: links are made and revoked by functions that run as api_writer. The hash of the token is
-- for the look-up of a visitor alone.

grant select (
    id, group_id, kind, phylo_tree_id, sample_ids, has_usher_safe_ids, created_by_id, created_at,
    expires_at, revoked_at, last_used_at, use_count
) on aspen.share_links to member, api_writer;
grant insert (
    group_id, kind, token_hash, phylo_tree_id, sample_ids, has_usher_safe_ids, created_by_id,
    expires_at
) on aspen.share_links to api_writer;
grant update (revoked_at, last_used_at, use_count) on aspen.share_links to api_writer;
grant select (
    id, group_id, kind, token_hash, phylo_tree_id, sample_ids, has_usher_safe_ids, created_by_id,
    expires_at, revoked_at
) on aspen.share_links to claims_reader;

create policy share_links_select_group on aspen.share_links
for select to member, api_writer
using (group_id = any(authz.full_groups()));

comment on policy share_links_select_group on aspen.share_links is
'Links are listed to members and admins, direct or granted';

create policy share_links_select_claims_reader on aspen.share_links
for select to claims_reader
using (true);

comment on policy share_links_select_claims_reader on aspen.share_links is
'To find the link of a token';

create policy share_links_insert_group on aspen.share_links
for insert to api_writer
with check (group_id = any(authz.full_groups()) and created_by_id = authz.caller_id());

comment on policy share_links_insert_group on aspen.share_links is
'Members and admins, direct or granted, make links of their own';

create policy share_links_update_group on aspen.share_links
for update to api_writer
using (group_id = any(authz.full_groups()))
with check (group_id = any(authz.full_groups()));

comment on policy share_links_update_group on aspen.share_links is
'Links are revoked by members and admins, and their use is counted';
