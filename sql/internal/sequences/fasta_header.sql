-- Without a `set` clause, so that it is inlined.
create or replace function internal.fasta_header(name text, restricted_until date)
returns text
language sql
stable
security invoker
begin atomic
    select
        '>' || fasta_header.name
        || case
            when fasta_header.restricted_until > (now() at time zone 'UTC')::date
                then ' restricted_until=' || to_char(fasta_header.restricted_until, 'YYYY-MM-DD')
            else ''
        end
        || E'\n';
end;

comment on function internal.fasta_header(text, date) is $$The line of FASTA above a sequence

Its name and, while the sample is restricted, a space and restricted_until=YYYY-MM-DD.$$;

revoke all on function internal.fasta_header(text, date) from public;
grant execute on function internal.fasta_header(text, date) to member, api_writer, job_runner;
