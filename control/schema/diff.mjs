// Lists how two databases differ, one line each, nothing when they do not. Reads {"left": url, "right": url} from
// standard input, because a command line shows its arguments to everyone.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

import { diff, encodeId } from "@supabase/pg-delta/core";
import { extract } from "@supabase/pg-delta/extract";

const pg = createRequire(import.meta.resolve("@supabase/pg-delta"))("pg");
const columnDetails = await readFile(new URL("../sql/schema/column_details.sql", import.meta.url), "utf8");

// Bookkeeping differs by nature: it says how a database came to be.
const bookkeeping = /^\w+:control(\.|$)|^function:api\.loaded_/;

const subject = (delta) => delta.fact?.id ?? delta.id ?? delta.edge.from;

function isBookkeeping(id) {
    return id !== undefined && (bookkeeping.test(encodeId(id)) || isBookkeeping(id.target));
}

function describe(delta) {
    const name = encodeId(subject(delta));
    switch (delta.verb) {
        case "add":
            return `only in right: ${name}`;
        case "remove":
            return `only in left: ${name}`;
        case "set":
            return `${name} ${delta.attr}: ${JSON.stringify(delta.from)} in left, ${JSON.stringify(delta.to)} in right`;
        default:
            return `${delta.verb} in right: ${name} -> ${encodeId(delta.edge.to)}`;
    }
}

// Everything about one database: pg-delta's facts, and as plain name -> text what it does not model.
async function read(connectionString) {
    const pool = new pg.Pool({ connectionString, max: 1 });
    try {
        const { factBase, diagnostics } = await extract(pool);
        const { rows } = await pool.query(columnDetails);
        const details = new Map(rows.map(({ name, detail }) => [name, detail]));
        // Kinds of objects it knows of and cannot compare, statistics objects for one.
        diagnostics
            .filter(({ code }) => code === "unmodeled_kind")
            .forEach(({ code, message }) => details.set(`${code}: ${message}`, "there"));
        return { factBase, details };
    } finally {
        await pool.end();
    }
}

function detailDifferences(left, right) {
    // A name on one side only is a column that pg-delta reports itself, or something it cannot compare.
    const isColumn = (name) => name.startsWith("column:");
    return [...new Set([...left.keys(), ...right.keys()])]
        .filter((name) => left.get(name) !== right.get(name))
        .filter((name) => !isColumn(name) || (left.has(name) && right.has(name)))
        .map((name) => `${name}: ${left.get(name) ?? "not"} in left, ${right.get(name) ?? "not"} in right`);
}

const urls = JSON.parse(await text(process.stdin));
const [left, right] = await Promise.all([read(urls.left), read(urls.right)]);
const differences = diff(left.factBase, right.factBase)
    .filter((delta) => !isBookkeeping(subject(delta)))
    .map(describe)
    .concat(detailDifferences(left.details, right.details))
    .sort();
differences.forEach((line) => console.log(line));
