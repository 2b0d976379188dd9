-- The token is made of 244 random bits and nowhere stored. The edge says at which address it was
-- called, which a client may have invented; only that client sees the answer.
create or replace function internal.make_link(
    group_id bigint,
    phylo_tree_id bigint,
    sample_ids bigint[],
    has_usher_safe_ids boolean,
    hours integer
)
returns table (
    id bigint,
    kind text,
    token text,
    path text,
    url text,
    expires_at timestamptz
)
language plpgsql
rows 1
volatile
security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    new_kind text := case
        when make_link.phylo_tree_id is null then 'sequences' else 'phylo_tree'
    end;
    new_token text := encode(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'hex');
    new_path text := '/shared/' || new_kind || '/' || new_token
        || case new_kind when 'phylo_tree' then '.json' else '.fasta' end;
    address text := coalesce(
        nullif(current_setting('aspen.api_url', true), ''),
        substring(
            nullif(current_setting('request.headers', true), '')::json ->> 'aspen-url'
            from '^https?://[A-Za-z0-9.:[\]-]+$'
        )
    );
begin
    if not authz.may_share(authz.caller_id(), make_link.group_id) then
        perform internal.fail(403, 'group_access_denied', 'You cannot share data of this group',
            json_build_object('group_id', make_link.group_id)::text,
            'A link needs a role that the group has stored; yours is only in your token.');
    end if;
    return query
    insert into aspen.share_links as links (
        group_id, kind, token_hash, phylo_tree_id, sample_ids, has_usher_safe_ids, created_by_id,
        expires_at
    )
    values (
        make_link.group_id, new_kind, sha256(convert_to(new_token, 'UTF8')),
        make_link.phylo_tree_id, make_link.sample_ids, make_link.has_usher_safe_ids,
        authz.caller_id(), now() + make_interval(hours => make_link.hours)
    )
    returning links.id, links.kind, new_token, new_path, rtrim(address, '/') || new_path,
        links.expires_at::timestamptz;
end
$$;

comment on function internal.make_link(bigint, bigint, bigint[], boolean, integer) is
$$Store a link and return it with its token

For a caller who may read what it leads to: a tree, or else the sequences of samples. url is null where the address of the API is not known.
Errors: 403 group_access_denied.$$;

revoke all on function internal.make_link(bigint, bigint, bigint[], boolean, integer) from public;
grant execute on function internal.make_link(bigint, bigint, bigint[], boolean, integer)
to api_writer;
