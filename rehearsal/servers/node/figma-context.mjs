// Designs and their tokens, which never change: a server on stdio, for a bridge to serve over HTTP.
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

const designs = { dashboard: { frames: ["Overview", "Costs"], colors: { primary: "#0b5fff", surface: "#ffffff" } } };
const server = new McpServer({ name: "figma-context", version: "1.0.0", title: "Figma context" });
const answer = (value) => ({ content: [{ type: "text", text: JSON.stringify(value) }] });
const reads = { readOnlyHint: true, openWorldHint: false };

server.registerTool(
  "list_designs",
  { description: "List the designs.", annotations: reads },
  () => answer(Object.keys(designs)),
);
server.registerTool(
  "get_design_tokens",
  {
    description: "Get the colours of a design.",
    inputSchema: { design: z.string().describe("The design's name.") },
    annotations: reads,
  },
  ({ design }) => {
    if (!(design in designs)) throw new Error(`there is no design ${design}`);
    return answer(designs[design].colors);
  },
);
await server.connect(new StdioServerTransport());
