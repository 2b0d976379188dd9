-- Return the sequences of the chosen samples as records of FASTA. The sequences are put together
-- after sorting, so that the sort keeps pointers to them and not 30,000 bases each.
select '>' || chosen.name || E'\n' || chosen.sequence as record
from (
    select
        samples.public_identifier as name,
        sequences.sequence
    from {schema}.samples as samples
    inner join {schema}.sequences as sequences
        on samples.group_id = sequences.group_id and samples.id = sequences.sample_id
    where {filter}
    order by samples.id
    offset 0
) as chosen
