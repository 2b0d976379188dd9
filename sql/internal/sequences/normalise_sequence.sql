-- Stores upper case without white space and counts the sites. Each pass over 30,000 bases costs as
-- much as the insert itself, so the usual cases end early: only ACGTU, or only ACGTUN. A sequence
-- that is invalid is noted and left out; internal.raise_problems ends the statement.
-- definer because API roles may not name internal.note_problems.
create or replace function internal.normalise_sequence()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    -- Checked first, because a regular expression takes four bytes of memory per base.
    problem text := case when new.sequence is null then 'is required'
        when octet_length(new.sequence) > 10000000
            then internal.sequence_problem(new.sequence) end;
    known text := new.sequence;
    gaps integer := 0;
begin
    new.num_mixed := 0;
    -- A match ends at the first odd base; counting them all would cost a microsecond for each.
    if problem is null and new.sequence ~ '[^ACGTU]' then
        known := replace(new.sequence, 'N', '');
        if known ~ '[^ACGTU]' then
            new.sequence := upper(regexp_replace(new.sequence, '\s', '', 'g') collate "C");
            problem := internal.sequence_problem(new.sequence);
            known := replace(new.sequence, 'N', '');
            new.num_mixed := regexp_count(known, '[WSKMYRVHDB]');
            gaps := octet_length(known) - octet_length(replace(known, '-', ''));
        end if;
    end if;
    new.num_missing_alleles := octet_length(new.sequence) - octet_length(known);
    if octet_length(new.sequence) < 1000 and problem is null then
        problem := internal.sequence_problem(new.sequence);
    end if;
    if problem is not null then
        perform internal.note_problems(
            case tg_op
                when 'INSERT' then jsonb_build_object('row',
                    nullif(current_setting('aspen.row_number', true), '')::integer)
                else jsonb_build_object('id', new.id)
            end || jsonb_build_object(
                'sample_id', new.sample_id,
                -- Runs before the policies on sequences, so it must hide this from a viewer.
                'private_identifier', (
                    select samples.private_identifier
                    from aspen.samples as samples
                    where samples.group_id = new.group_id and samples.id = new.sample_id
                        and samples.group_id = any(authz.full_groups())
                )
            ),
            jsonb_build_array(jsonb_build_object('field', 'sequence', 'reason', problem))
        );
        return null;
    end if;
    new.num_unambiguous_sites := octet_length(known) - new.num_mixed - gaps;
    if tg_op = 'UPDATE' and new.sequence = old.sequence then
        -- Keeps the stored copy, so that none is written again.
        new.sequence := old.sequence;
    else
        new.revision := nextval('aspen.sequences_revision_seq');
    end if;
    return new;
end
$$;

comment on function internal.normalise_sequence() is
$$Trigger: normalise, check and count a sequence

num_unambiguous_sites counts A C G T U, num_missing_alleles N, num_mixed the other IUPAC codes, in
upper or lower case. A different sequence gets another revision.$$;

revoke all on function internal.normalise_sequence() from public;
