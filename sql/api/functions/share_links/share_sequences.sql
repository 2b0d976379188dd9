-- samples is JSON, because a number where the request needs a text would arrive as a text.
create or replace function api.share_sequences(
    group_id bigint,
    pathogen text,
    samples json,
    is_usher_safe boolean default false,
    hours integer default 1
)
returns table (
    id bigint,
    kind text,
    token text,
    path text,
    url text,
    expires_at timestamptz
)
language sql
volatile
security invoker
rows 1
begin atomic
    select
        links.id,
        links.kind,
        links.token,
        links.path,
        links.url,
        links.expires_at
    from internal.share_sequences(
        share_sequences.group_id,
        internal.trimmed(share_sequences.pathogen),
        share_sequences.samples,
        share_sequences.is_usher_safe,
        share_sequences.hours
    ) as links;
end;

comment on function api.share_sequences(bigint, text, json, boolean, integer) is
$$Make a link to sequences that needs no token

group_id: a group where you are member or admin, directly or by a grant. pathogen: a slug. samples: an
array of 1 to 20,000 public or private identifiers of samples of the group that are not private and have
a sequence; the prefix of a repository is optional. is_usher_safe: true changes names for UShER: other
characters than A-Z a-z 0-9 . _ / - become _, and _ and the sample id follow a name that another sample
has then (false by default). hours: how long the link works, 1 to 24, 1 by default. Returns the link
once: GET of url answers FASTA with public identifiers, to everybody who has it. url is path at the
address of this API, null where that is not known. token is for shared_sequences. The link works as long
as you are member or admin of the group; samples that were deleted, became private or lost their
sequence are left out of it. share_links lists it, revoke_share_link ends it. Errors: 400
invalid_argument, unknown_pathogen, unknown_samples, ambiguous_samples, private_samples,
samples_without_sequence; 403 group_access_denied; 413 export_too_large (more than 30,000,000 bases).$$;

revoke all on function api.share_sequences(bigint, text, json, boolean, integer) from public;
grant execute on function api.share_sequences(bigint, text, json, boolean, integer) to member;
