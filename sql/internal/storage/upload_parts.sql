create or replace function internal.upload_parts(upload aspen.uploads)
returns json
language sql
stable
security invoker
set search_path = ''
as $$
    select json_build_object(
        'id', (upload_parts.upload).id,
        'expires_at', (upload_parts.upload).expires_at,
        'parts', json_agg(
            jsonb_build_object('number', parts.number, 'size_bytes', parts.size_bytes)
            || internal.upload_link(
                (upload_parts.upload).bucket,
                internal.part_key((upload_parts.upload).folder, parts.number),
                parts.size_bytes,
                -- That of one of several parts is not known.
                case
                    when (upload_parts.upload).part_count = 1
                        then (upload_parts.upload).checksum_sha256
                end,
                3600
            )::jsonb - 'uri'
            order by parts.number
        )
    )
    from (
        select
            number,
            least(67108864, (upload_parts.upload).size_bytes - 67108864::bigint * (number - 1))
                as size_bytes
        from generate_series(1, (upload_parts.upload).part_count) as number
    ) as parts;
$$;

comment on function internal.upload_parts(aspen.uploads) is
'An upload with a link to send each of its parts, for an hour';

revoke all on function internal.upload_parts(aspen.uploads) from public;
grant execute on function internal.upload_parts(aspen.uploads) to api_writer;
