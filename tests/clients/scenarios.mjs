// What a web app does with the API, by @supabase/postgrest-js. Each line of stdin is a request:
// {"url", "token", "scenario", "input"}; writes what the client hands to the app, a line for each.
import { PostgrestClient } from "@supabase/postgrest-js";
import { createInterface } from "node:readline";

const SCENARIOS = {
    list: (api, { ids }) =>
        api
            .from("samples")
            .select(
                "id, private_identifier, location:locations(country)," +
                    "lineages:sample_lineages(lineage), qc:sample_qc_metrics(qc_status)," +
                    "accessions(accession)",
            )
            .in("id", ids)
            .order("id", { ascending: false })
            .limit(100),
    one: (api, { id }) => api.from("samples").select("id").eq("id", id).single(),
    count: (api, { ids }) =>
        api.from("samples").select("*", { count: "exact", head: true }).in("id", ids),
    insert: (api, { rows }) =>
        api.from("samples").insert(rows).select("private_identifier, location:locations(country)"),
    update: (api, { id, values }) =>
        api.from("samples").update(values).eq("id", id).select("id, host"),
    remove: (api, { id }) => api.from("samples").delete().eq("id", id).select("id"),
    upsert: (api, { rows }) =>
        api
            .from("sequences")
            .upsert(rows, { onConflict: "group_id,sample_id" })
            .select("sample_id, num_missing_alleles"),
    create: (api, { batch }) => api.rpc("create_samples", batch),
    tree: (api, { id }) => api.rpc("phylo_tree", { id }, { get: true }),
    fasta: (api, { batch }) => api.rpc("export_sequences", batch).csv(),
    misspelt: (api) => api.from("samples").select("colour"),
};

for await (const line of createInterface({ input: process.stdin })) {
    const { url, token, scenario, input } = JSON.parse(line);
    const api = new PostgrestClient(url, { headers: { Authorization: `Bearer ${token}` } });
    const { data, error, count } = await SCENARIOS[scenario](api, input);
    const code = error?.code ?? null;
    const details = error?.details ?? null;
    process.stdout.write(JSON.stringify({ data, count, code, details }) + "\n");
}
