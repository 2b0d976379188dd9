-- Return the samples that identifiers name, with the names they have in the files of a repository,
-- or why one cannot be sent. As api_writer in a request of the user, as
-- internal.submission_template does.
select
    chosen.identifier,
    case
        when chosen.reason = 'unknown' or named.group_id <> %(group_id)s
            then 'is not a sample of this group'
        when chosen.reason = 'ambiguous' then 'names several samples'
        when chosen.reason = 'no_sequence' then 'has no sequence'
    end as reason,
    chosen.sample_id,
    named.name
from internal.chosen_samples(%(choice)s, 'export_sequences') as chosen
left join
    internal.named_samples(
        (
            select array_agg(others.sample_id)
            from internal.chosen_samples(%(choice)s, 'export_sequences') as others
        ),
        'public',
        (select known.prefix from internal.repository_of(%(pathogen_id)s, %(repository)s) as known),
        internal.prefix_pattern(%(pathogen_id)s)
    ) as named
    on chosen.sample_id = named.sample_id
order by chosen.sample_id, chosen.identifier;
