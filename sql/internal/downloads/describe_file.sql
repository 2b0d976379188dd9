create or replace function internal.describe_file(
    media_type text, file_name text, left_out bigint
)
returns void
language sql
volatile
security invoker
begin atomic
    select
        internal.add_headers(
            jsonb_build_array(
                jsonb_build_object('Content-Type', describe_file.media_type || '; charset=utf-8'),
                jsonb_build_object(
                    'Content-Disposition',
                    'attachment; filename="' || describe_file.file_name || '"'
                )
            )
            || case
                when describe_file.left_out is null then '[]'::jsonb
                else
                    jsonb_build_array(
                        jsonb_build_object('Samples-Left-Out', describe_file.left_out::text)
                    )
            end
        );
end;

comment on function internal.describe_file(text, text, bigint) is $$Answer with a file

Sets the headers of the response: type, name and, unless left_out is null, how many samples it lacks.
The name contains no quote.$$;

revoke all on function internal.describe_file(text, text, bigint) from public;
grant execute on function internal.describe_file(text, text, bigint) to member, api_writer;
