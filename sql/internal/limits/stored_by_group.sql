-- Of genomes the lengths that their rows hold, so that none is read.
create or replace function internal.stored_by_group(kind text, group_id bigint)
returns numeric
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    case stored_by_group.kind
        when 'samples' then
            return (
                select count(*) from aspen.samples as samples
                where samples.group_id = stored_by_group.group_id
            );
        when 'sequence_bytes' then
            return (
                select coalesce(sum(octet_length(sequences.sequence)), 0)
                from aspen.sequences as sequences
                where sequences.group_id = stored_by_group.group_id
            );
        when 'output_bytes' then
            return (
                select coalesce(sum(outputs.size_bytes), 0)
                from aspen.job_outputs as outputs
                where outputs.group_id = stored_by_group.group_id
            );
        when 'upload_bytes' then
            return (
                select coalesce(sum(uploads.size_bytes), 0)
                from aspen.uploads as uploads
                where uploads.group_id = stored_by_group.group_id
            );
    end case;
end
$$;

comment on function internal.stored_by_group(text, bigint) is
$$How much a group stores of a kind

kind: as in internal.limits_of. Volatile, so that it sees what others stored while its caller waited.$$;

revoke all on function internal.stored_by_group(text, bigint) from public;
grant execute on function internal.stored_by_group(text, bigint) to results_keeper;
