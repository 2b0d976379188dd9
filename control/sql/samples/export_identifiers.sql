-- Return an identifier of each of the chosen samples that no other sample of the group has.
select samples.public_identifier
from {schema}.samples as samples
where {filter}
order by samples.id
