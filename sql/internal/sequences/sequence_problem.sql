create or replace function internal.sequence_problem(sequence text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    select case
        when octet_length(sequence) > 10000000
            then 'has ' || octet_length(sequence) || ' bases; at most 10000000 are allowed'
        when bases.position > 0
            then 'has ' || quote_literal(substr(bases.text, bases.position, 1))
                || ' at position ' || bases.position
                    || ', which is neither an IUPAC nucleotide code nor a gap (-)'
        when octet_length(bases.text) < 1000
            then 'has ' || octet_length(bases.text) || ' bases; at least 1000 are needed'
    end
    from (
        -- regexp_instr would find every odd base, of ten million.
        select
            normalised.text,
            strpos(normalised.text, substring(normalised.text from '[^ACGTUNWSKMYRVHDB-]'))
                as position
        from (
            -- A regular expression takes four bytes of memory per base.
            select case
                when octet_length(sequence) <= 10000000
                    then upper(regexp_replace(sequence, '\s', '', 'g') collate "C")
            end as text
        ) as normalised
    ) as bases;
$$;

comment on function internal.sequence_problem(text) is
$$What is wrong with a nucleotide sequence, in words, or null

Positions count from 1 and omit white space.$$;

revoke all on function internal.sequence_problem(text) from public;
grant execute on function internal.sequence_problem(text) to api_writer;
