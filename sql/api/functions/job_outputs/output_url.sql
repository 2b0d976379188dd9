-- Whoever has a link can use it, even after its owner has lost the right to the file, so it is
-- valid for minutes. Operators can choose another time, up to an hour: aspen.link_seconds of
-- authenticator.
create or replace function api.output_url(id bigint)
returns json
language sql
stable
security invoker
begin atomic
    select
        internal.fail(
            404, 'output_not_found', 'There is no such output, or you may not see it',
            json_build_object('id', output_url.id)::text
        )
    where not exists (
        select from aspen.job_outputs as outputs
        where outputs.id = output_url.id
    );

    -- A tree names samples by their public identifiers; every other file contains sequences or
    -- results of private samples.
    select
        internal.fail(
            403, 'output_is_private', 'Viewers may fetch trees only',
            json_build_object('id', output_url.id)::text, 'A role of member or admin is needed.'
        )
    from aspen.job_outputs as outputs
    where
        outputs.id = output_url.id
        and outputs.kind <> 'auspice_json'
        and not coalesce(
            outputs.group_id = any(authz.full_groups()), false
        );

    select
        json_build_object(
            'url', link.url,
            'expires_in', substring(link.url from 'X-Amz-Expires=([0-9]+)')::integer
        )
    from aspen.job_outputs as outputs
    cross join
        lateral internal.presigned_url(
            outputs.bucket,
            outputs.key,
            outputs.version_id,
            least(
                coalesce(nullif(current_setting('aspen.link_seconds', true), '')::integer, 300),
                3600
            )
        ) as link (url)
    where outputs.id = output_url.id;
end;

comment on function api.output_url(bigint) is $$A link to a file in S3

id: of an output (see job_outputs). Returns {url, expires_in}: a link that works without a
token for expires_in seconds (300 unless operators chose another time), so treat it like the file. It leads to the version that was registered, whatever
was written there since; in a bucket without versions (version_id is null) it leads to the present
file: compare checksum_sha256. Viewers may fetch trees (auspice_json) only. Errors: 404
output_not_found, 403 output_is_private, 503 storage_unavailable.$$;

revoke all on function api.output_url(bigint) from public;
grant execute on function api.output_url(bigint) to member;
