// Runs the conformance suite of MCP for several servers in one process, as its command line would, one command each.
//
// Each line of standard input is a JSON object {"key", "url", "asked": [[scenario, version], ...]}; for each one line
// comes back: {"key", "found": [{"scenario", "version", "checks", "error"}, ...]}.
import { AsyncLocalStorage } from "node:async_hooks";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

// Packages lie beside the Node.js that runs this.
const suite = createRequire(process.execPath).resolve("@modelcontextprotocol/conformance/dist/index.js", {
  paths: [join(process.execPath, "../..")],
});
const { Command } = createRequire(suite)("commander");
const command = new AsyncLocalStorage();
class Left extends Error {}

// It is a program that parses its words when it is imported, prints, and ends the process.
const programs = [];
Command.prototype.parse = function () {
  programs.push(this);
};
process.exit = () => {
  throw new Left();
};
console.log = () => {};
console.error = (...said) => command.getStore()?.push(said.map((one) => one?.message ?? String(one)).join(" "));

async function ask(program, url, scenario, version) {
  const folder = await mkdtemp(join(tmpdir(), "sophia-conformance-"));
  const said = [];
  try {
    const words = ["server", "--url", url, "--scenario", scenario, "--spec-version", version, "--output-dir", folder];
    await command.run(said, () => program.parseAsync(words, { from: "user" })).catch((left) => {
      if (!(left instanceof Left)) throw left;
    });
    const [kept] = await readdir(folder);
    const checks = kept ? JSON.parse(await readFile(join(folder, kept, "checks.json"), "utf8")) : [];
    return { scenario, version, checks, error: said.join("\n") };
  } catch (error) {
    return { scenario, version, checks: [], error: [...said, String(error)].join("\n") };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function answer({ key, url, asked }) {
  // A copy of the suite keeps in one place what went over its wire, so servers asked side by side have one each.
  await import(`${pathToFileURL(suite).href}?${key}`);
  const program = programs.pop();
  const found = [];
  for (const [scenario, version] of asked) found.push(await ask(program, url, scenario, version));
  process.stdout.write(`${JSON.stringify({ key, found })}\n`);
}

for await (const line of createInterface({ input: process.stdin })) void answer(JSON.parse(line));
