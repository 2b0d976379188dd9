-- The last statement of a visit, so that the row is locked only until the transaction ends, and
-- visitors at the same time do not wait for the answers to each other.
create or replace function internal.note_link_use(link_id bigint)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    update aspen.share_links as links
    set use_count = links.use_count + 1, last_used_at = greatest(links.last_used_at, now())
    where links.id = note_link_use.link_id;
end
$$;

comment on function internal.note_link_use(bigint) is 'Count the use of a link';

revoke all on function internal.note_link_use(bigint) from public;
grant execute on function internal.note_link_use(bigint) to api_writer;
