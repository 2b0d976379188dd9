// What a TypeScript program does with types made by openapi-typescript. Reads {"url", "token",
// "ids", "row", "tree"} from stdin; writes what the client returns.
import createClient from "openapi-fetch";
import { text } from "node:stream/consumers";
import type { components, paths } from "./api.js";

type Input = {
    url: string;
    token: string;
    ids: number[];
    row: components["schemas"]["samples_insert"];
    tree: number;
};

const { url, token, ids, row, tree }: Input = JSON.parse(await text(process.stdin));
const api = createClient<paths, "application/json">({
    baseUrl: url,
    headers: { Authorization: `Bearer ${token}` },
});

const listed = await api.GET("/samples", {
    params: { query: { id: `in.(${ids})`, order: "id", limit: 10 } },
});
const names: (string | null | undefined)[] | undefined = listed.data?.map(
    (sample) => sample.private_identifier,
);
const stored = await api.POST("/samples", {
    params: { header: { Prefer: "return=representation,tx=rollback" } },
    body: [row],
});
const found = await api.GET("/rpc/phylo_tree", { params: { query: { id: tree } } });
const missing = await api.GET("/rpc/phylo_tree", { params: { query: { id: 0 } } });
const code: string | undefined = missing.error?.code;

process.stdout.write(
    JSON.stringify({
        names,
        stored: stored.data?.map((sample) => sample.private_identifier),
        tree: Object.keys(found.data as object).sort(),
        code,
    }),
);
