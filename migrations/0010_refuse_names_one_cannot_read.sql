-- A name with a line break, a direction mark or a formula in it breaks CSV, FASTA and terminals, or
-- betrays whoever reads them.
-- depends: 0009_limit_texts_of_samples
-- transactional: false

create or replace function aspen.is_name(name text)
returns boolean
language plpgsql
immutable
strict
security invoker
set search_path = ''
as $$
begin
    return name !~ (
        '^[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000=+@\uff0b\uff0d\uff1d\uff20-]'
        '|[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]$'
        '|[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e'
        '\u2060-\u206f\ufeff\ufff9-\uffff\U000e0000-\U000e007f]'
    );
end
$$;

comment on function aspen.is_name(text) is
'Whether a text will do as a name or an identifier; null for null';

revoke all on function aspen.is_name(text) from public;

grant execute on function aspen.is_name(text) to member, api_writer;

create or replace function aspen.are_names(names text[])
returns boolean
language plpgsql
stable
strict
security invoker
set search_path = ''
as $$
declare
    lines text := array_to_string(names, E'\n');
begin
    return cardinality(names) = 0
        or array_ndims(names) = 1
        and cardinality(names) <= 1000
        and length(lines) <= 20000
        and length(lines) - length(replace(lines, E'\n', '')) = cardinality(names) - 1
        and lines !~ (
            '(?n)^$|^[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000=+@\uff0b\uff0d\uff1d\uff20-]'
            '|[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]$'
            '|[\u0001-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f'
            '\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\U000e0000-\U000e007f]'
        )
        and (length(lines) <= 250 or lines !~ '(?n)^.{251}');
end
$$;

comment on function aspen.are_names(text[]) is
'Whether a list will do as names: at most 1000 of 250 characters, 20000 in all';

revoke all on function aspen.are_names(text[]) from public;

grant execute on function aspen.are_names(text[]) to member, api_writer;

create or replace function aspen.is_text(value text)
returns boolean
language plpgsql
immutable
strict
security invoker
set search_path = ''
as $$
begin
    return value !~ (
        '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
        '|^[=@\uff1d\uff20]|^[+\uff0b\uff0d-].*[^-+0-9 ().,/]'
    );
end
$$;

comment on function aspen.is_text(text) is
'Whether a text will do as a free text; null for null';

revoke all on function aspen.is_text(text) from public;

grant execute on function aspen.is_text(text) to member, api_writer;

-- Each check is dropped first: two give way, the others may be left by a run that was cut off.
-- squawk-ignore ban-drop-constraint
alter table aspen.samples drop constraint if exists samples_private_identifier_form_check;

alter table aspen.samples
add constraint samples_private_identifier_form_check
check (length(private_identifier) between 1 and 128 and aspen.is_name(private_identifier))
not valid;

-- squawk-ignore ban-drop-constraint
alter table aspen.samples drop constraint if exists samples_public_identifier_form_check;

alter table aspen.samples
add constraint samples_public_identifier_form_check
check (length(public_identifier) between 1 and 128 and aspen.is_name(public_identifier)) not valid;

-- squawk-ignore ban-drop-constraint
alter table aspen.samples drop constraint if exists samples_texts_form_check;

alter table aspen.samples
add constraint samples_texts_form_check
check (
    aspen.is_text(sample_collected_by)
    and aspen.is_text(sample_collector_contact_email)
    and aspen.is_text(sample_collector_contact_address)
    and aspen.is_text(organism)
    and aspen.is_text(host)
    and aspen.is_text(purpose_of_sampling)
    and aspen.is_text(specimen_processing)
) not valid;

-- squawk-ignore ban-drop-constraint
alter table aspen.samples drop constraint if exists samples_authors_form_check;

alter table aspen.samples
add constraint samples_authors_form_check
check (aspen.are_names(authors)) not valid;

-- squawk-ignore ban-drop-constraint
alter table aspen.users drop constraint if exists users_texts_form_check;

alter table aspen.users
add constraint users_texts_form_check
check (
    aspen.is_name(name)
    and aspen.is_name(email)
    and aspen.is_name(gisaid_submitter_id)
) not valid;

-- squawk-ignore ban-drop-constraint
alter table aspen.groups drop constraint if exists groups_texts_form_check;

alter table aspen.groups
add constraint groups_texts_form_check
check (
    aspen.is_name(name)
    and aspen.is_name(prefix)
    and aspen.is_name(submitting_lab)
    and aspen.is_name(division)
    and aspen.is_name(location)
    and aspen.is_text(address)
) not valid;

-- squawk-ignore ban-drop-constraint
alter table aspen.jobs drop constraint if exists jobs_name_form_check;

alter table aspen.jobs
add constraint jobs_name_form_check
check (aspen.is_name(name)) not valid;

-- In transactions of their own, so that readers and writers go on. One that fails says that older
-- rows break it, and docs/operations.md how to find them; new rows are held to it already.
-- squawk-ignore constraint-missing-not-valid
alter table aspen.samples validate constraint samples_private_identifier_form_check;

-- squawk-ignore constraint-missing-not-valid
alter table aspen.samples validate constraint samples_public_identifier_form_check;

-- squawk-ignore constraint-missing-not-valid
alter table aspen.samples validate constraint samples_texts_form_check;

-- squawk-ignore constraint-missing-not-valid
alter table aspen.samples validate constraint samples_authors_form_check;

-- squawk-ignore constraint-missing-not-valid
alter table aspen.users validate constraint users_texts_form_check;

-- squawk-ignore constraint-missing-not-valid
alter table aspen.groups validate constraint groups_texts_form_check;

-- squawk-ignore constraint-missing-not-valid
alter table aspen.jobs validate constraint jobs_name_form_check;
