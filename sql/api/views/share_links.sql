create or replace view api.share_links
with (security_invoker = true)
as
select
    share_links.id,
    share_links.group_id,
    share_links.kind,
    share_links.phylo_tree_id,
    share_links.sample_ids,
    share_links.has_usher_safe_ids,
    case
        when share_links.revoked_at is not null then 'revoked'
        when share_links.expires_at <= now() then 'expired'
        else 'open'
    end as status,
    share_links.created_by_id,
    share_links.created_at,
    share_links.expires_at,
    share_links.revoked_at,
    share_links.last_used_at,
    share_links.use_count
from aspen.share_links as share_links;

alter view api.share_links alter column has_usher_safe_ids set default false;

comment on view api.share_links is $$Links to trees and sequences that work without a token

Members and admins, directly or by a grant, see the links to data of their groups; nobody sees a token
again. Make a link with share_phylo_tree or share_sequences, and end it with revoke_share_link. A link
works as long as its creator is member or admin of the group, whatever status says.$$;

comment on column api.share_links.id is 'Identifier of the row';
comment on column api.share_links.group_id is 'Group whose data are shared; see groups in me';
comment on column api.share_links.kind is 'phylo_tree or sequences';
comment on column api.share_links.phylo_tree_id is
'Tree that is shared; null for sequences; see phylo_trees';
comment on column api.share_links.sample_ids is
'Samples whose sequences are shared; null for a tree; see samples';
comment on column api.share_links.has_usher_safe_ids is
$$Whether sequence names are changed for UShER

Other characters than A-Z a-z 0-9 . _ / - become _.$$;
comment on column api.share_links.status is 'open, expired or revoked';
comment on column api.share_links.created_by_id is
'User who made the link; see the column created_by for the name';
comment on column api.share_links.created_at is 'When the link was made';
comment on column api.share_links.expires_at is 'When the link stops working';
comment on column api.share_links.revoked_at is 'When the link was revoked; null if it was not';
comment on column api.share_links.last_used_at is
'When the link was last used; null if it was not';
comment on column api.share_links.use_count is 'How often the link was used';

grant select on api.share_links to member, api_writer;
