// Sessions of the TypeScript clients: reads how many from standard input, and prints how each of them went.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as SdkClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as SdkTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const SELF = { name: "sophia-benchmark", version: "1.0.0" };
const makers = {
  "TypeScript SDK 1.32.2": (url) => [new SdkClient(SELF), new SdkTransport(url)],
  "TypeScript client 2.4.0": (url) => [new Client(SELF), new StreamableHTTPClientTransport(url)],
  "TypeScript client 2.4.0, auto": (url) => [
    new Client(SELF, { versionNegotiation: { mode: "auto" } }),
    new StreamableHTTPClientTransport(url),
  ],
};

let text = "";
for await (const chunk of process.stdin) text += chunk;
const { url, sessions, requests } = JSON.parse(text);
const told = {};
for (const [name, make] of Object.entries(makers)) {
  told[name] = [];
  for (let session = 0; session < sessions; session++) {
    const [client, transport] = make(new URL(url));
    let wrong = "";
    try {
      await client.connect(transport);
      for (let request = 1; request < requests; request++) await client.listTools();
    } catch (error) {
      wrong = String(error).split("\n")[0];
    }
    await client.close().catch(() => {});
    told[name].push(wrong);
  }
}
console.log(JSON.stringify(told));
process.exit(0);
