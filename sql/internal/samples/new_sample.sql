-- A batch calls this once, for a sample of which nothing is said, and a POST for each row.
create or replace function internal.new_sample(sample aspen.samples)
returns aspen.samples
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    defaults aspen.samples;
begin
    select array[groups.name], coalesce(groups.submitting_lab, groups.name), groups.address
    into defaults.authors, defaults.sample_collected_by, defaults.sample_collector_contact_address
    from aspen.groups as groups
    where groups.id = sample.group_id;
    if coalesce(cardinality(sample.authors), 0) = 0 then
        sample.authors := defaults.authors;
    end if;
    sample.sample_collected_by
        := coalesce(sample.sample_collected_by, defaults.sample_collected_by);
    sample.sample_collector_contact_address := coalesce(
        sample.sample_collector_contact_address, defaults.sample_collector_contact_address);
    if sample.organism is null or sample.host is null then
        select
            coalesce(sample.organism, pathogens.organism),
            coalesce(sample.host, pathogens.host)
        into sample.organism, sample.host
        from aspen.pathogens as pathogens
        where pathogens.id = sample.pathogen_id;
    end if;
    sample.is_private := coalesce(sample.is_private, false);
    sample.uploaded_by_id := authz.caller_id();
    sample.created_at := now();
    return sample;
end
$$;

comment on function internal.new_sample(aspen.samples) is
$$A sample as it is stored where nothing else is said about it

sample: group_id, pathogen_id and what is said. The group is its author, its laboratory collected it, and
the pathogen names organism and host; the caller uploads it now.$$;

revoke all on function internal.new_sample(aspen.samples) from public;
grant execute on function internal.new_sample(aspen.samples) to api_writer;
