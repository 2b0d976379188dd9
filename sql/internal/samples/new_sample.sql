create or replace function internal.new_sample(group_id bigint, pathogen aspen.pathogens)
returns aspen.samples
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    sample aspen.samples;
begin
    sample.group_id := new_sample.group_id;
    sample.pathogen_id := pathogen.id;
    sample.uploaded_by_id := authz.caller_id();
    sample.is_private := false;
    select array[groups.name], coalesce(groups.submitting_lab, groups.name), groups.address
    into sample.authors, sample.sample_collected_by, sample.sample_collector_contact_address
    from aspen.groups as groups
    where groups.id = new_sample.group_id;
    sample.organism := pathogen.organism;
    return sample;
end
$$;

comment on function internal.new_sample(bigint, aspen.pathogens) is
$$A sample of a group as it is before anything is said about it

The group is its author, its laboratory collected it, and the pathogen names the organism.$$;

revoke all on function internal.new_sample(bigint, aspen.pathogens) from public;
grant execute on function internal.new_sample(bigint, aspen.pathogens) to api_writer;
