// The servers of the rehearsal that are not written in Python: which one, the pod's environment says.
import { fileURLToPath } from "node:url";

const { MCP_SERVER_NAME: name, MCP_SERVER_PORT: port } = process.env;
const at = (file) => fileURLToPath(new URL(file, import.meta.url));

if (name === "ui-ux-agent") {
  // It takes its port from this variable alone, and serves neither /health nor /ready.
  process.env.PORT = port;
  process.argv.push("streamableHttp");
  await import("@modelcontextprotocol/server-everything/dist/index.js");
} else if (name === "figma-context") {
  process.argv.push(
    ...["--stdio", `${process.execPath} ${at("figma-context.mjs")}`, "--outputTransport", "streamableHttp"],
    ...["--streamableHttpPath", "/mcp", "--port", port, "--healthEndpoint", "/health", "--logLevel", "none"],
  );
  await import(at("node_modules/supergateway/dist/index.js"));
} else {
  console.error(`MCP_SERVER_NAME is ${name}: this image holds ui-ux-agent and figma-context`);
  process.exit(2);
}
