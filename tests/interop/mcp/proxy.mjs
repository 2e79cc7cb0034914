// The conformance suite can't give a token: node proxy.mjs URL TOKEN passes everything on with one, and prints where.
import http from "node:http";

const [target, token] = process.argv.slice(2);
const { hostname, port } = new URL(target);
const server = http.createServer((request, response) => {
  const onward = http.request(
    { hostname, port, path: request.url, method: request.method,
      headers: { ...request.headers, authorization: `Bearer ${token}` } },
    (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    });
  onward.on("error", () => response.destroy());
  response.on("close", () => onward.destroy());
  request.pipe(onward);
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/mcp`));
process.stdin.on("end", () => process.exit()).resume();
