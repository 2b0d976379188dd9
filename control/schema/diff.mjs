// Lists how two databases differ, one line each, nothing when they do not. Reads {"left": url, "right": url} from
// standard input, because a command line shows its arguments to everyone.
import { text } from "node:stream/consumers";

import { diff, encodeId } from "@supabase/pg-delta/core";

import { detailDifferences, isBookkeeping, read, subject } from "./facts.mjs";

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

const urls = JSON.parse(await text(process.stdin));
const [left, right] = await Promise.all([read(urls.left), read(urls.right)]);
const differences = diff(left.factBase, right.factBase)
    .filter((delta) => !isBookkeeping(subject(delta)))
    .map(describe)
    .concat(
        detailDifferences(left.details, right.details).map(
            ({ name, left, right }) => `${name}: ${left?.detail ?? "not"} in left, ${right?.detail ?? "not"} in right`,
        ),
    )
    .sort();
differences.forEach((line) => console.log(line));
