// Runs the conformance suite of MCP for several servers in one process, as its command line would, one command each.
//
// Each line of standard input is {"key", "url", "asked": [[scenario, version], ...], "patience"} as JSON, the patience in
// milliseconds for each scenario; for each one line comes back: {"key", "found": [{"scenario", "version", "checks",
// "error", "seconds"}, ...]}.
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

// The suite is a program that parses its words when it is imported, prints, and ends the process.
const programs = [];
Command.prototype.parse = function () {
  programs.push(this);
};
process.exit = () => {
  throw new Left();
};
console.log = () => {};
console.error = (...said) => {
  // It takes being made to leave for a failure of the scenario.
  if (!said.some((one) => one instanceof Left)) command.getStore()?.push(said.map((one) => one?.message ?? one).join(" "));
};

async function ask(program, url, scenario, version, patience) {
  const folder = await mkdtemp(join(tmpdir(), "sophia-conformance-"));
  const begun = performance.now();
  const said = [];
  const seconds = () => (performance.now() - begun) / 1000;
  const answer = (checks) => ({ scenario, version, checks, error: said.join("\n"), seconds: seconds() });
  try {
    const place = ["--url", url, "--scenario", scenario, "--spec-version", version];
    const words = ["server", ...place, "--output-dir", folder, "--timeout", String(patience)];
    await command.run(said, () => program.parseAsync(words, { from: "user" })).catch((left) => {
      if (!(left instanceof Left)) throw left;
    });
    const [kept] = await readdir(folder);
    return answer(kept ? JSON.parse(await readFile(join(folder, kept, "checks.json"), "utf8")) : []);
  } catch (error) {
    said.push(String(error));
    return answer([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// A copy of the suite keeps in one place what went over its wire: each server has one for itself while it is asked.
const idle = [];
let copies = 0;
async function copy() {
  await import(`${pathToFileURL(suite).href}?${copies++}`);
  return programs.pop();
}

async function answer({ key, url, asked, patience }) {
  const program = idle.pop() ?? (await copy());
  const found = [];
  for (const [scenario, version] of asked) found.push(await ask(program, url, scenario, version, patience));
  // What was given up still goes on, and would be taken for the next one's.
  if (!found.some(({ checks }) => checks.some(({ id }) => id === "scenario-timeout"))) idle.push(program);
  process.stdout.write(`${JSON.stringify({ key, found })}\n`);
}

for await (const line of createInterface({ input: process.stdin })) void answer(JSON.parse(line));
