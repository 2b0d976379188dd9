// Reads everything about a database that can be compared: pg-delta's facts, and by name what it does not model.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { encodeId } from "@supabase/pg-delta/core";
import { extract } from "@supabase/pg-delta/extract";

const pg = createRequire(import.meta.resolve("@supabase/pg-delta"))("pg");
const otherDetails = await readFile(new URL("../sql/schema/other_details.sql", import.meta.url), "utf8");
// Kinds that other_details.sql knows.
const detailed = /unmodeled "(statistics object|cast|operator)"/;

// Bookkeeping differs by nature: it says how a database came to be.
const bookkeeping = /^\w+:control(\.|$)|^function:api\.loaded_/;

export function isBookkeeping(id) {
    return id !== undefined && (bookkeeping.test(encodeId(id)) || isBookkeeping(id.target));
}

export const subject = (delta) => delta.fact?.id ?? delta.id ?? delta.edge.from;

export async function read(connectionString) {
    const pool = new pg.Pool({ connectionString, max: 1 });
    try {
        const { factBase, diagnostics } = await extract(pool);
        const { rows } = await pool.query(otherDetails);
        const words = await pool.query("select word from pg_catalog.pg_get_keywords() where catcode <> 'U'");
        const details = new Map(rows.map((row) => [row.name, row]));
        // Kinds of objects that nobody can compare.
        diagnostics
            .filter(({ code, message }) => code === "unmodeled_kind" && !detailed.test(message))
            .forEach(({ code, message }) => details.set(`${code}: ${message}`, { detail: "there" }));
        return { factBase, details, keywords: new Set(words.rows.map(({ word }) => word)) };
    } finally {
        await pool.end();
    }
}

// What differs of the rest: name, what is in left and what is in right, each null if it is not there.
export function detailDifferences(left, right) {
    // A column on one side only is a difference that pg-delta reports itself.
    const isColumn = (name) => name.startsWith("column ");
    return [...new Set([...left.keys(), ...right.keys()])]
        .filter((name) => left.get(name)?.detail !== right.get(name)?.detail)
        .filter((name) => !isColumn(name) || (left.has(name) && right.has(name)))
        .map((name) => ({ name, left: left.get(name) ?? null, right: right.get(name) ?? null }));
}

// How new columns are stored, where that is not the usual way.
export function storageOfNewColumns(left, right) {
    return [...right.values()].filter(
        ({ name, is_usual }) => name?.startsWith("column storage:") && !is_usual && !left.has(name),
    );
}
