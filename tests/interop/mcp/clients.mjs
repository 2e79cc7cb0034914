// The official clients against Baton: node clients.mjs BATON [URL TOKEN]. Each does the same things, over standard input
// and output and, with a URL, over HTTP.
import assert from "node:assert/strict";
import * as v2 from "@modelcontextprotocol/client";
import { StdioClientTransport as V2Stdio } from "@modelcontextprotocol/client/stdio";
import { Client as V1Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as V1Stdio } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as V1Http } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const [baton, url, token] = process.argv.slice(2);
const info = { name: "interop", version: "1" };
const capabilities = { elicitation: {} };
const stdio = { command: baton, args: ["mcp"], env: { ...process.env } };
const options = { requestInit: { headers: { Authorization: `Bearer ${token}` } } };
const accept = async () => ({ action: "accept", content: { decision: "approve" } });

function newer(versionNegotiation) {
  const client = new v2.Client(info, { capabilities, versionNegotiation });
  client.setRequestHandler("elicitation/create", accept);
  return client;
}

const CLIENTS = {
  "sdk 1.x": {
    make() {
      const client = new V1Client(info, { capabilities });
      client.setRequestHandler(ElicitRequestSchema, accept);
      return client;
    },
    Stdio: V1Stdio,
    Http: V1Http,
  },
};
for (const mode of ["legacy", "auto", { pin: "2026-07-28" }])
  CLIENTS[`client 2.x ${JSON.stringify(mode)}`] = {
    make: () => newer({ mode }),
    Stdio: V2Stdio,
    Http: v2.StreamableHTTPClientTransport,
  };

async function exercise(client) {
  const { tools } = await client.listTools();
  assert.ok(tools.length > 50);
  const call = async (name, args, more) => {
    const result = await client.callTool({ name, arguments: args }, ...more ?? []);
    assert.ok(!result.isError, JSON.stringify(result.content));
    return result.structuredContent;
  };
  const { session } = await call("orchestrator_initialize_session", { title: "interop", objective: "to work with all" });
  await call("memory_set", { session, key: "k", value: { deep: [1, 2.5, null, "x"] } });
  await call("item_append", { session, role: "user", text: "hello there" });
  const shown = await call("session_show", { session });
  assert.deepEqual(shown.memory[0].value, { deep: [1, 2.5, null, "x"] });
  assert.equal((await call("orchestrator_get_status", { session })).session.title, "interop");
  const asked = await call("breakpoint_ask", { session, key: "q", title: "Really?", wait: 10000, policy: { self: true } });
  assert.equal(asked.breakpoint.outcome, "approve");
  const wrong = await client.callTool({ name: "session_show", arguments: { session: "nosuch" } });
  assert.ok(wrong.isError && wrong.content[0].text.includes("no_such_session"));
  const uri = `baton://sessions/${session}`;
  const { contents } = await client.readResource({ uri: `${uri}/context` });
  assert.ok(contents[0].text.includes("hello there"));
  assert.ok((await client.listResources()).resources.some((one) => one.uri === uri));
  assert.equal((await client.listResourceTemplates()).resourceTemplates.length, 4);
  await assert.rejects(client.readResource({ uri: "baton://sessions/nosuch" }));
  assert.equal((await client.listPrompts()).prompts.length, 3);
  const prompt = await client.getPrompt({ name: "resume", arguments: { session } });
  assert.ok(prompt.messages[1].content.resource.text.includes("interop"));
  const completed = await client.complete({
    ref: { type: "ref/prompt", name: "resume" }, argument: { name: "session", value: session.slice(0, 8) } });
  assert.deepEqual(completed.completion.values, [session]);
}

let failed = 0;
for (const [name, { make, Stdio, Http }] of Object.entries(CLIENTS))
  for (const way of url ? ["stdio", "http"] : ["stdio"]) {
    const client = make();
    try {
      await client.connect(way === "stdio" ? new Stdio(stdio) : new Http(new URL(url), options));
      await exercise(client);
      console.log(`ok: ${name} over ${way}`);
    } catch (error) {
      failed++;
      console.log(`FAILED: ${name} over ${way}: ${error.stack}`);
    }
    await client.close().catch(() => {});
  }
process.exit(failed > 0 ? 1 : 0);
