// PORT=3000 API=https://api.aizhao.icu node server.js
const http = require("http");

const page = `<!doctype html><title>AI Photo</title><h1>AI Photo (stand-in)</h1><p>${process.env.API || ""}</p>\n`;

const server = http.createServer((request, response) => {
  if (request.url === "/") {
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(page);
  } else {
    response.writeHead(404).end();
  }
});
// Longer than nginx keeps them.
server.keepAliveTimeout = 65_000;
server.listen(Number(process.env.PORT || 3000), process.env.HOST || "127.0.0.1");
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}
