-- Inlined, see internal.without_prefix.
create or replace function internal.strain_name(
    identifier text, prefix text, prefix_pattern text
)
returns text
language sql
immutable
security invoker
begin atomic
    select
        coalesce(
            strain_name.prefix || '/'
            || internal.without_prefix(strain_name.identifier, strain_name.prefix_pattern),
            strain_name.identifier
        );
end;

comment on function internal.strain_name(text, text, text) is
$$The name of a sample in a repository

prefix: of the repository, which replaces that of another one; null leaves the identifier as it is.
prefix_pattern: of the pathogen, by internal.prefix_pattern.$$;

revoke all on function internal.strain_name(text, text, text) from public;
grant execute on function internal.strain_name(text, text, text) to api_writer;
