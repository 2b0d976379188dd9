-- Every file names samples by this function, so that those of one batch match.
create or replace function internal.named_samples(
    sample_ids bigint[], id_style text, prefix text, prefix_pattern text
)
returns table (group_id bigint, sample_id bigint, name text)
language plpgsql
stable
security invoker
rows 1000
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
#variable_conflict use_column
declare
    full_groups bigint[] := authz.full_groups();
begin
    return query
    select
        samples.group_id::bigint,
        samples.id,
        internal.strain_name(
            case
                when named_samples.id_style = 'private' and samples.group_id = any(full_groups)
                    then samples.private_identifier
                else samples.public_identifier
            end,
            named_samples.prefix,
            named_samples.prefix_pattern
        )
    from aspen.samples as samples
    where samples.id = any(sample_ids);
end
$$;

comment on function internal.named_samples(bigint[], text, text, text) is
$$Samples with the names they have in a file

id_style: of internal.id_style_of; private counts where the caller is member or admin of the sample's
group. prefix and prefix_pattern as in internal.strain_name.$$;

revoke all on function internal.named_samples(bigint[], text, text, text) from public;
grant execute on function internal.named_samples(bigint[], text, text, text) to api_writer;
